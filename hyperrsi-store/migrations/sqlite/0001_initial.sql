-- Times are milliseconds since 1970 UTC, prices of candles IEEE doubles, everything that is money is text inside a body.

-- One row per account that has a journal or a lease.
CREATE TABLE book (
    id            INTEGER PRIMARY KEY,
    account       TEXT    NOT NULL UNIQUE,
    epoch         INTEGER NOT NULL DEFAULT 0, -- the newest seen; a lower one may not write
    last          INTEGER NOT NULL DEFAULT 0, -- the last place that was given
    lease_owner   TEXT,
    lease_epoch   INTEGER,
    lease_expires INTEGER
);

-- A compacted record keeps its row, so that its key stays taken, and loses its body.
CREATE TABLE record (
    id      INTEGER PRIMARY KEY,
    book    INTEGER NOT NULL REFERENCES book (id),
    seq     INTEGER NOT NULL,
    epoch   INTEGER NOT NULL,
    key     TEXT    NOT NULL,
    trader  TEXT,
    at      INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    venue   TEXT,
    symbol  TEXT,
    side    TEXT,
    outcome TEXT,
    reason  TEXT,
    body    TEXT,
    UNIQUE (book, seq),
    UNIQUE (book, key)
);
CREATE INDEX record_by_kind ON record (book, kind, seq) WHERE body IS NOT NULL;
CREATE INDEX record_by_time ON record (book, at) WHERE body IS NOT NULL;
CREATE INDEX record_by_reason ON record (book, reason, seq) WHERE reason IS NOT NULL AND body IS NOT NULL;

-- The newest snapshot of each machine.
CREATE TABLE snapshot (
    book    INTEGER NOT NULL REFERENCES book (id),
    machine TEXT    NOT NULL, -- 'account', or 'trader:' and its id
    schema  INTEGER NOT NULL,
    covers  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (book, machine)
);

CREATE TABLE cooldown (
    book   INTEGER NOT NULL REFERENCES book (id),
    venue  TEXT    NOT NULL,
    symbol TEXT    NOT NULL,
    side   TEXT    NOT NULL,
    since  INTEGER NOT NULL,
    PRIMARY KEY (book, venue, symbol, side)
) WITHOUT ROWID;

CREATE TABLE series (
    id        INTEGER PRIMARY KEY,
    venue     TEXT NOT NULL,
    symbol    TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    UNIQUE (venue, symbol, timeframe)
);

CREATE TABLE candle (
    series    INTEGER NOT NULL REFERENCES series (id),
    open_time INTEGER NOT NULL,
    open      REAL    NOT NULL,
    high      REAL    NOT NULL,
    low       REAL    NOT NULL,
    close     REAL    NOT NULL,
    volume    REAL    NOT NULL,
    PRIMARY KEY (series, open_time)
) WITHOUT ROWID;

CREATE TABLE anchor (
    series     INTEGER NOT NULL REFERENCES series (id),
    indicator  TEXT    NOT NULL,
    start      INTEGER NOT NULL,
    state_at   INTEGER,
    state_body TEXT,
    PRIMARY KEY (series, indicator)
) WITHOUT ROWID;

CREATE TABLE person (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE identity (
    provider TEXT NOT NULL,
    subject  TEXT NOT NULL,
    person   TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (provider, subject)
) WITHOUT ROWID;
CREATE INDEX identity_by_person ON identity (person);

CREATE TABLE account (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id),
    body   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX account_by_person ON account (person);

CREATE TABLE sealed (
    account    TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    key_id     TEXT    NOT NULL,
    nonce      BLOB    NOT NULL,
    ciphertext BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

CREATE TABLE preset (
    id         TEXT    PRIMARY KEY,
    person     TEXT    NOT NULL REFERENCES person (id),
    strategy   TEXT    NOT NULL,
    is_default INTEGER NOT NULL,
    body       TEXT    NOT NULL
) WITHOUT ROWID;
CREATE INDEX preset_by_person ON preset (person, strategy);

CREATE TABLE settings (
    layer   TEXT    NOT NULL, -- the key as JSON
    version INTEGER NOT NULL,
    account TEXT,             -- whose layer it is, if an account's or symbol's
    preset  TEXT,             -- or a preset's
    at      INTEGER NOT NULL,
    by      TEXT,
    body    TEXT    NOT NULL,
    PRIMARY KEY (layer, version)
);
CREATE INDEX settings_by_account ON settings (account) WHERE account IS NOT NULL;
CREATE INDEX settings_by_preset ON settings (preset) WHERE preset IS NOT NULL;

CREATE TABLE deployment (
    trader  TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    venue   TEXT NOT NULL,
    symbol  TEXT NOT NULL,
    preset  TEXT,
    wanted  TEXT NOT NULL,
    body    TEXT NOT NULL,
    UNIQUE (account, venue, symbol)
) WITHOUT ROWID;

CREATE TABLE item (
    person TEXT NOT NULL,
    space  TEXT NOT NULL,
    key    TEXT NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (person, space, key)
);

-- What health writes to, to prove that it can.
CREATE TABLE pulse (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    beats INTEGER NOT NULL
);
INSERT INTO pulse VALUES (1, 0);
