/** What stands in the place of rows when there are none. */

import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { BASE } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';
import { Empty } from '@/components/Empty';
import { formatCount } from '@/lib/format';
import { dropPart, readParts } from '../filterText';
import { countRuns, type Question } from '../requests';

interface Props {
  question: Question;
  /** Whether the server does not understand the filter. */
  refused: boolean;
  name: string | undefined;
  apply: (q: string) => void;
  leaveTrash: () => void;
}

export function NoRuns({ question, refused, name, apply, leaveTrash }: Props) {
  if (refused) {
    return (
      // Below what is said of the filter, which lies over the page.
      <div style={{ paddingTop: 64 }}>
        <Empty title="This filter cannot be read">
          <Text c="dimmed">What is wrong with it stands under it. No runs are shown until it is corrected.</Text>
          <Button variant="default" size="xs" onClick={() => apply('')}>
            Clear the filter
          </Button>
        </Empty>
      </div>
    );
  }
  if (question.q !== '') return <NoMatch question={question} apply={apply} />;
  if (question.trash) {
    return (
      <Empty title="The trash is empty">
        <Text c="dimmed">Runs that are moved to the trash stay here until they are restored or removed for good.</Text>
        <Button variant="default" size="xs" onClick={leaveTrash}>
          Back to the runs
        </Button>
      </Empty>
    );
  }
  const snippet = `import headrace as hr  # or: import mlflow as hr

hr.set_tracking_uri("${BASE.href.replace(/\/$/, '')}")
hr.set_experiment(${JSON.stringify(name ?? 'my-experiment')})
with hr.start_run():
    hr.log_param("lr", 0.01)
    hr.log_metric("loss", 0.5, step=1)`;
  return (
    <Empty title="No runs yet">
      <Text c="dimmed">The first one shows here as soon as it starts.</Text>
      <CodeBlock text={snippet} label="A first run in Python" />
    </Empty>
  );
}

const MOST_PARTS = 8;

/** The clause without which most runs would match. */
function NoMatch({ question, apply }: { question: Question; apply: (q: string) => void }) {
  const parts = readParts(question.q);
  const { data } = useQuery({
    queryKey: ['runs', question.experimentId, 'culprit', question.q, question.trash],
    queryFn: async ({ signal }) => {
      const tried = parts.slice(0, MOST_PARTS).map(async (part) => {
        const q = dropPart(question.q, part);
        return { part, q, count: await countRuns({ ...question, q }, signal) };
      });
      return (await Promise.all(tried)).sort((a, b) => b.count - a.count)[0];
    },
    enabled: parts.length > 0,
    staleTime: 10_000,
  });
  return (
    <Empty title="No run matches">
      <Stack gap="sm" align="flex-start">
        {data && data.count > 0 && (
          <Text c="dimmed">
            Without <Code>{data.part.text}</Code> it would be {formatCount(data.count)}{' '}
            {data.count === 1 ? 'run' : 'runs'}.
          </Text>
        )}
        {data && data.count === 0 && (
          <Text c="dimmed">No single clause is to blame: dropping any one of them finds nothing either.</Text>
        )}
        <Group gap="sm">
          {data && data.count > 0 && parts.length > 1 && (
            <Button variant="default" size="xs" onClick={() => apply(data.q)}>
              Drop this clause
            </Button>
          )}
          <Button variant="default" size="xs" onClick={() => apply('')}>
            Clear the filter
          </Button>
        </Group>
      </Stack>
    </Empty>
  );
}
