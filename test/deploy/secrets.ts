import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { COMPOSE, ROOT } from './compose.js';

/** Secrets as the scripts of the deployment make them, in a folder of their own. */
export class Secrets {
  readonly #parent = mkdtempSync(join(tmpdir(), 'upgate-secrets-'));

  constructor() {
    this.makePasswords();
    execFileSync(join(ROOT, 'deploy/certificates.sh'), [this.folder], { stdio: 'pipe' });
  }

  get folder(): string {
    return join(this.#parent, 'secrets');
  }

  /** Throws if they are there already. */
  makePasswords(): void {
    execFileSync(join(ROOT, 'deploy/passwords.sh'), [this.folder], { stdio: 'pipe' });
  }

  /** Where a file of deploy/secrets is. */
  path(file: string): string {
    return join(this.folder, basename(file));
  }

  /** What a secret of docker-compose.yml holds. */
  text(secret: string): string {
    return readFileSync(this.path(COMPOSE.secrets[secret]!.file), 'utf8').trim();
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true });
  }
}
