export { ActivePolicy } from './active-policy.js';
export { LastGood } from './last-good.js';
export type { Enforcer } from './enforcer.js';
export { BuiltinEnforcer } from './builtin/builtin-enforcer.js';
