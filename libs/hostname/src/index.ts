export { parseHostname, hostOfHeader, type Hostname, type ParsedHostname } from './hostname.js';
export { mostSpecific } from './most-specific.js';
export { isPlainName } from './plain-name.js';
