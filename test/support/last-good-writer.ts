import { LastGood } from '#enforcer';
import { SettingsLog } from './settings-log.js';

/** Saves one change after another in the folder named by its argument, and says each position that it has saved. */
const folder = process.env['FOLDER'];
if (folder === undefined) throw new Error('FOLDER is not set');
const { lastGood } = await LastGood.open(folder);
const log = new SettingsLog();
for (;;) {
  const change = log.set({ resource: `r${log.position % 50n}`, enabled: log.position % 3n === 0n });
  await lastGood.saveChange(change, log);
  process.stdout.write(`${log.position}\n`);
}
