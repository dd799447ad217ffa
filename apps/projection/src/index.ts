export { PROJECTION_SERVICES } from './app.js';
export { logFile } from './folders.js';
export { observe } from './observe.js';
export { ProjectionModule } from './projection.module.js';
export { ReadSide, type ReadSideOptions } from './read-side.js';
