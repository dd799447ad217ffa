export { PROJECTION_SERVICES } from './app.js';
export { ReadSideConfig } from './config.js';
export { readModelFolder } from './folders.js';
export { observe } from './observe.js';
export { ProjectionModule } from './projection.module.js';
export { ReadSide } from './read-side.js';
