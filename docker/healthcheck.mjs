// Ends with 0 if the program of this container answers: on the HTTP interface, or on an agent's own address.

const addresses = [process.env.UPGATE_HTTP, process.env.UPGATE_AGENT_HTTP];

async function alive(address) {
  const { port } = new URL(`http://${address}`);
  const { ok } = await fetch(`http://127.0.0.1:${port}/livez`, { signal: AbortSignal.timeout(3_000) });
  if (!ok) throw new Error(`${address} is not well`);
}

try {
  await Promise.any(addresses.filter(Boolean).map(alive));
} catch (error) {
  console.error(error.errors.map(({ message, cause }) => cause?.message ?? message).join('; '));
  process.exitCode = 1;
}
