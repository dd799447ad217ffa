import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Etcd3 } from 'etcd3';
import { eventually } from '../../test/support/condition.js';
import { freePorts } from '../../test/support/ports.js';
import { KEY } from './watchers.js';

/** A single etcd with its data in `folder`, durable as it comes; resolves with its address when it answers. */
export async function launchEtcd(folder: string, stack: AsyncDisposableStack): Promise<string> {
  const [client, peer] = await freePorts(2);
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const listen = ['--listen-client-urls', url, '--listen-peer-urls', peerUrl];
  const advertise = ['--advertise-client-urls', url, '--initial-advertise-peer-urls', peerUrl];
  const cluster = ['--initial-cluster', `default=${peerUrl}`];
  const child = spawn('etcd', ['--data-dir', folder, ...listen, ...advertise, ...cluster], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  stack.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await eventually('etcd to answer', async () => (await fetch(`${url}/health`)).ok);
  return url;
}

/** What puts a value, and resolves when the server has answered. */
export function openEtcd(url: string, stack: AsyncDisposableStack): (value: Buffer) => Promise<void> {
  const client = new Etcd3({ hosts: url });
  stack.defer(() => client.close());
  return async (value) => void (await client.put(KEY).value(value));
}
