/** All addresses of the pages. MLflow's hash paths without the hash, so that links its clients print lead to the right page. */

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { BASE } from '@/api/client';
import { ErrorPage } from '@/components/ErrorPage';
import { NotFoundPage } from '@/components/NotFoundPage';
import { notices } from '@/components/notices';
import { readComparison } from '@/features/compare/search';
import { readExperimentList } from '@/features/experiments/search';
import { readRunPage } from '@/features/run/search';
import { readWorkspace } from '@/features/runs/search';
import { Shell } from '@/routes/Shell';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Shell,
  errorComponent: ErrorPage,
  notFoundComponent: NotFoundPage,
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('@/features/home/HomePage'), 'HomePage'),
});
const experiments = createRoute({
  getParentRoute: () => root,
  path: '/experiments',
  validateSearch: readExperimentList,
  component: lazyRouteComponent(() => import('@/features/experiments/ExperimentsPage'), 'ExperimentsPage'),
});
const experiment = createRoute({
  getParentRoute: () => root,
  path: '/experiments/$experimentId',
});
const experimentHome = createRoute({
  getParentRoute: () => experiment,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/experiments/$experimentId/runs', params, replace: true });
  },
});
const runs = createRoute({
  getParentRoute: () => experiment,
  path: '/runs',
  validateSearch: readWorkspace,
  component: lazyRouteComponent(() => import('@/features/runs/RunsPage'), 'RunsPage'),
});
const run = createRoute({
  getParentRoute: () => experiment,
  path: '/runs/$runId',
  validateSearch: readRunPage,
  component: lazyRouteComponent(() => import('@/features/run/RunPage'), 'RunPage'),
});
const runTab = createRoute({
  getParentRoute: () => experiment,
  path: '/runs/$runId/$tab',
  validateSearch: readRunPage,
  component: lazyRouteComponent(() => import('@/features/run/RunPage'), 'RunPage'),
});
const runFile = createRoute({
  getParentRoute: () => experiment,
  path: '/runs/$runId/$tab/$',
  validateSearch: readRunPage,
  component: lazyRouteComponent(() => import('@/features/run/RunPage'), 'RunPage'),
});
const models = createRoute({
  getParentRoute: () => experiment,
  path: '/models',
  component: lazyRouteComponent(() => import('@/features/models/LoggedModelsPage'), 'LoggedModelsPage'),
});
const model = createRoute({
  getParentRoute: () => experiment,
  path: '/models/$modelId',
  component: lazyRouteComponent(() => import('@/features/models/LoggedModelPage'), 'LoggedModelPage'),
});
const datasets = createRoute({
  getParentRoute: () => experiment,
  path: '/datasets',
  component: lazyRouteComponent(() => import('@/features/datasets/DatasetsPage'), 'DatasetsPage'),
});
/** MLflow prints addresses of pages that are not here (`/overview`, `/judges`): the runs are. */
const experimentOther = createRoute({
  getParentRoute: () => experiment,
  path: '/$',
  beforeLoad: ({ params, preload }) => {
    if (!preload)
      notices.show({ message: `There is no page "${params._splat ?? ''}" of an experiment here. These are its runs.` });
    throw redirect({
      to: '/experiments/$experimentId/runs',
      params: { experimentId: params.experimentId },
      replace: true,
    });
  },
});
/** MLflow's comparison of experiments: a table of runs is of one, and the list leads to each. */
const compareExperiments = createRoute({
  getParentRoute: () => root,
  path: '/compare-experiments/$',
  beforeLoad: ({ preload }) => {
    if (!preload)
      notices.show({
        message: 'A table has the runs of one experiment. Runs of several can be compared: add them to a comparison.',
      });
    throw redirect({ to: '/experiments', replace: true });
  },
});
const compare = createRoute({
  getParentRoute: () => root,
  path: '/compare-runs',
  validateSearch: readComparison,
  component: lazyRouteComponent(() => import('@/features/compare/ComparePage'), 'ComparePage'),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('@/features/settings/SettingsPage'), 'SettingsPage'),
});
const api = createRoute({
  getParentRoute: () => root,
  path: '/api-reference',
  component: lazyRouteComponent(() => import('@/features/apidocs/ApiPage'), 'ApiPage'),
});

const tree = root.addChildren([
  home,
  experiments,
  experiment.addChildren([experimentHome, runs, run, runTab, runFile, models, model, datasets, experimentOther]),
  compare,
  compareExperiments,
  settings,
  api,
]);

/** Make the router of the application. */
export function createAppRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: BASE.pathname,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    scrollToTopSelectors: ['#main'],
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
