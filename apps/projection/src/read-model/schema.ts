/** Another schema version makes the read model be rebuilt from the log: nothing is ever migrated. */
export const SCHEMA_VERSION = 5;

/** Of a read model that is being made anew: one that was left so is thrown away. */
export const INCOMPLETE_VERSION = 0;

export const OWN_TABLES = `
  CREATE TABLE checkpoint (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    epoch    TEXT NOT NULL,
    position INTEGER NOT NULL,  -- of the last event folded
    digest   TEXT NOT NULL      -- of all settings after it
  ) STRICT;

  -- The last word of every edge node. Not from the log.
  CREATE TABLE edge (
    node   TEXT PRIMARY KEY,
    record TEXT NOT NULL       -- JSON
  ) STRICT;
`;

export const TABLES_OF_LOG = `
  -- One row for every resource stream, deleted resources included: their ids are never given again.
  CREATE TABLE resource (
    id                TEXT PRIMARY KEY,
    status            TEXT NOT NULL,
    account           TEXT,
    integration       TEXT,
    websockets        INTEGER,
    shown             INTEGER, -- of the row of the history that shows the resource as it is, or was at last; NULL: there never was one
    revision          INTEGER NOT NULL,
    position          INTEGER NOT NULL,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    settings          BLOB,    -- the record of the settings entry, the last one of a deleted resource; NULL: there never was one
    settings_position INTEGER  -- of the last event that changed or removed the entry
  ) STRICT;

  -- One row for every event of a resource. What was before it is in the row of the revision before.
  CREATE TABLE history (
    position      INTEGER PRIMARY KEY,
    resource      TEXT NOT NULL,
    revision      INTEGER NOT NULL,
    type          TEXT NOT NULL,
    time          TEXT NOT NULL,
    actor_id      TEXT NOT NULL,
    actor_kind    TEXT NOT NULL,
    actor_address TEXT,
    reason        TEXT,
    request_id    TEXT NOT NULL,
    after         TEXT         -- the resource as the API shows it; NULL: there is none
  ) STRICT;
`;

/** What only queries need, of the tables that come from the log. */
export const INDEXES = `
  CREATE INDEX resource_by_account ON resource (account, id);
  CREATE INDEX resource_by_settings_position ON resource (settings_position);
  CREATE UNIQUE INDEX history_by_resource ON history (resource, revision);
  CREATE INDEX history_by_actor ON history (actor_id);
  CREATE INDEX history_by_type ON history (type);
  CREATE INDEX history_by_time ON history (time);
`;
