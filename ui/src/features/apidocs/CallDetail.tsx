/** One call: what it takes, what it answers, what it needs, and how it looks in a shell. */

import { Badge } from '@mantine/core';
import { BASE } from '@/api/client';
import { CodeBlock } from '@/components/CodeBlock';
import pieces from '@/components/pieces.module.css';
import classes from './ApiPage.module.css';
import { type ApiCall, type ApiField, type ApiShape, writeCurl } from './openapi';
import { Prose } from './Prose';

interface Props {
  call: ApiCall;
  shapes: ReadonlyMap<string, ApiShape>;
}

export function CallDetail({ call, shapes }: Props) {
  const answer = shapes.get(call.answer);
  return (
    <article>
      <h2 className={classes.name}>{call.id}</h2>
      <p className={classes.path}>
        <Badge variant="light" radius="sm">
          {call.method}
        </Badge>
        <code>{call.path}</code>
      </p>
      <p>
        <Prose text={call.summary} />
      </p>
      {call.needs.length > 0 && <p className="dim">Needs {call.needs.join(', ')}.</p>}
      <h3>Takes</h3>
      {call.fields.length ? (
        <Fields fields={call.fields} shapes={shapes} seen={[]} label={`Fields of ${call.id}`} />
      ) : (
        <p className="dim">Nothing.</p>
      )}
      {call.bodies.some((each) => each.includes('msgpack')) && (
        <p className="dim">The body may be msgpack as well as JSON.</p>
      )}
      <h3>Answers</h3>
      {answer ? (
        <Shape shape={answer} shapes={shapes} seen={[]} open />
      ) : (
        <p className="dim">An empty object, or the bytes of a file.</p>
      )}
      <h3>In a shell</h3>
      <CodeBlock text={writeCurl(call, BASE.href)} label={`${call.id} in a shell`} />
    </article>
  );
}

interface FieldsProps {
  fields: readonly ApiField[];
  shapes: ReadonlyMap<string, ApiShape>;
  /** Shapes that these are within: a shape may hold itself. */
  seen: readonly string[];
  label: string;
}

function Fields({ fields, shapes, seen, label }: FieldsProps) {
  const hasPlace = fields.some(({ place }) => place !== '' && place !== 'body');
  return (
    <table className={`${pieces.list} ${classes.fields}`} aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Field</th>
          {hasPlace && <th scope="col">In</th>}
          <th scope="col">Type</th>
          <th scope="col">Default</th>
        </tr>
      </thead>
      <tbody>
        {fields.map((field) => (
          <tr key={`${field.place} ${field.name}`}>
            <td>
              <code>{field.name}</code>
              {field.required && <span className={classes.required}>required</span>}
              {field.description && (
                <div className="dim">
                  <Prose text={field.description} />
                </div>
              )}
            </td>
            {hasPlace && <td>{field.place}</td>}
            <td>
              {(field.type !== field.shapes[0] || seen.includes(field.type)) && field.type}
              {field.shapes.map((name) => {
                const shape = shapes.get(name);
                return shape && !seen.includes(name) ? (
                  <Shape key={name} shape={shape} shapes={shapes} seen={seen} />
                ) : null;
              })}
            </td>
            <td>{field.standard && <code>{field.standard}</code>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ShapeProps {
  shape: ApiShape;
  shapes: ReadonlyMap<string, ApiShape>;
  seen: readonly string[];
  open?: boolean;
}

function Shape({ shape, shapes, seen, open }: ShapeProps) {
  return (
    <details className={classes.shape} open={open}>
      <summary>{shape.name}</summary>
      {shape.description.split('\n\n').map((part) => (
        <p key={part} className="dim">
          <Prose text={part} />
        </p>
      ))}
      {shape.values.length > 0 && (
        <p>
          One of{' '}
          {shape.values.map((value, place) => (
            <span key={value}>
              {place > 0 && ', '}
              <code>{value}</code>
            </span>
          ))}
          .
        </p>
      )}
      {shape.fields.length > 0 && (
        <Fields fields={shape.fields} shapes={shapes} seen={[...seen, shape.name]} label={`Fields of ${shape.name}`} />
      )}
    </details>
  );
}
