// Who may import whom: see docs/ARCHITECTURE.md. Code that only tests or shows may import anything.

const TESTS = '\\.spec\\.ts$';
const NEST = 'node_modules/@nestjs/';

/** For each library: the libraries, packages and Node modules that it may import. Nothing else. */
const LIBRARIES = {
  hostname: { libraries: [], packages: [] },
  domain: { libraries: ['hostname'], packages: [] },
  settings: { libraries: ['domain', 'hostname'], packages: [], builtin: '.' },
  contract: { libraries: [], packages: ['@bufbuild/protobuf'], builtin: '.' },
  'event-store': { libraries: [], packages: ['@kurrent/kurrentdb-client', 'lru-cache'], builtin: '.' },
  'edge-feed': { libraries: ['contract', 'settings'], packages: ['@nats-io/[^/]+'], builtin: '.' },
  enforcer: { libraries: ['contract', 'settings', 'hostname'], packages: [], builtin: '.' },
  client: { libraries: ['contract'], packages: [], builtin: '.' },
};

const APPS = ['command', 'projection', 'edge-agent', 'log', 'cli', 'panel'];

function libraryRules([library, { libraries, packages, builtin }]) {
  const from = { path: `^libs/${library}/`, pathNot: TESTS };
  const own = [`^libs/${library}/`, ...libraries.map((name) => `^libs/${name}/`)];
  const rule = (kind, comment, to) => ({ name: `${library}-${kind}`, comment, severity: 'error', from, to });
  return [
    rule('libraries', `${library} may import of our code: ${libraries.join(', ') || 'nothing'}`, {
      path: '^(apps|libs|test|bench|examples|scripts)/',
      pathNot: own,
    }),
    rule('packages', `${library} may import of packages: ${packages.join(', ') || 'none'}`, {
      path: 'node_modules/',
      pathNot: packages.map((name) => `node_modules/${name}/`),
    }),
    rule('node', `${library} may import of Node: ${builtin ?? 'nothing'}`, {
      dependencyTypes: ['core'],
      ...(builtin && { pathNot: builtin }),
    }),
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(LIBRARIES).flatMap(libraryRules),
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'one-entry-per-library',
      comment: "A library is imported by its '#name' alone: its index.ts, nothing deeper",
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/', pathNot: TESTS },
      to: { path: '^libs/([^/]+)/', pathNot: ['^libs/$2/', '^libs/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'platform-libraries',
      comment: "platform may import the libraries, for their errors' types, but no app",
      severity: 'error',
      from: { path: '^libs/platform/', pathNot: TESTS },
      to: { path: '^(apps|test|bench|examples|scripts)/' },
    },
    {
      name: 'nest-in-apps-and-platform-only',
      severity: 'error',
      from: { path: '^libs/', pathNot: ['^libs/platform/', TESTS] },
      to: { path: NEST },
    },
    {
      name: 'no-library-above-platform',
      comment: 'Only the apps import platform',
      severity: 'error',
      from: { path: '^libs/', pathNot: ['^libs/platform/', TESTS] },
      to: { path: '^libs/platform/' },
    },
    ...APPS.map((app) => ({
      name: `${app}-imports-no-app`,
      comment: "No app imports another app; standalone alone imports the other apps' modules",
      severity: 'error',
      from: { path: `^apps/${app}/`, pathNot: TESTS },
      to: { path: '^(apps|test|bench|examples|scripts)/', pathNot: `^apps/${app}/` },
    })),
    {
      name: 'standalone-imports-app-modules',
      severity: 'error',
      from: { path: '^apps/standalone/', pathNot: TESTS },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    {
      name: 'edge-agent-knows-no-events',
      comment: 'An edge agent knows settings, never domain events',
      severity: 'error',
      from: { path: '^(apps/edge-agent|libs/(edge-feed|enforcer))/', pathNot: TESTS },
      to: { path: '^libs/(domain|event-store)/' },
    },
    {
      name: 'no-test-code-in-programs',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: { path: [TESTS, 'node_modules/(vitest|fast-check|playwright-core|ws)/'] },
    },
    {
      name: 'production-dependencies-only',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      conditionNames: ['source', 'types', 'import', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.json', '.d.ts'],
    },
  },
};
