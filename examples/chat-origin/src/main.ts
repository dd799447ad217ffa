// A chat to put behind an edge: PORT, or 9000.
import { startChatOrigin } from './chat-origin.js';

const origin = await startChatOrigin(Number(process.env['PORT'] ?? 9_000));
console.log(`The chat listens on ${origin.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void origin.stop());
