-- Written for both databases. `{bytes}`, `{number}`, `{clustered}`, `{known}` and `TEXT` become what each calls it, see migrations.rs.
-- Times are microseconds since 1970 in UTC; hashes are the bits of an unsigned number. A person is (source, person_key).

CREATE TABLE records (
    source TEXT NOT NULL,
    person_key TEXT NOT NULL,
    hash BIGINT NOT NULL,
    gone_at BIGINT,
    filled BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    columns TEXT NOT NULL,
    PRIMARY KEY (source, person_key)
) {clustered};

{known}

CREATE TABLE links (
    source TEXT NOT NULL,
    directory TEXT NOT NULL,
    person_key TEXT NOT NULL,
    account_id TEXT NOT NULL,
    -- The account again, unless it was deleted. Not written when it stays, which spares its index.
    held TEXT,
    dn TEXT NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    matched TEXT NOT NULL,
    -- All four or none.
    in_sync_record BIGINT,
    in_sync_account BIGINT,
    in_sync_documents BIGINT,
    in_sync_until BIGINT,
    PRIMARY KEY (source, directory, person_key)
) {clustered};

-- An account belongs to one person; one that was deleted belongs to history.
CREATE UNIQUE INDEX links_account ON links (directory, held);

CREATE TABLE documents (
    digest TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    first_used BIGINT NOT NULL
);

CREATE TABLE runs (
    id {number},
    automation TEXT NOT NULL,
    state TEXT NOT NULL,
    started_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT,
    clock BIGINT NOT NULL,
    documents TEXT NOT NULL,
    -- There once the plan is whole.
    plan_digest TEXT,
    counts TEXT NOT NULL,
    -- What the journal says was done, and when last; kept here whenever the run stops.
    applied TEXT,
    applied_at BIGINT,
    summary TEXT NOT NULL,
    held TEXT NOT NULL,
    error TEXT
);

CREATE INDEX runs_of_automation ON runs (automation, id);

CREATE TABLE changes (
    run BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    person_key TEXT NOT NULL,
    -- One letter per operation, see changes.rs.
    kinds TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
);

CREATE INDEX changes_of_person ON changes (person_key, run, seq);

CREATE TABLE findings (
    run BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) {clustered};

-- The journal's intents, only ever added to. Those of one flush are one row: `change.operation` with commas between.
CREATE TABLE intents (
    run BIGINT NOT NULL,
    flush BIGINT NOT NULL,
    at BIGINT NOT NULL,
    operations TEXT NOT NULL,
    PRIMARY KEY (run, flush)
) {clustered};

-- The journal's outcomes, only ever added to.
CREATE TABLE outcomes (
    run BIGINT NOT NULL,
    change BIGINT NOT NULL,
    operation BIGINT NOT NULL,
    at BIGINT NOT NULL,
    success BIGINT NOT NULL,
    body TEXT NOT NULL,
    account_id TEXT,
    account_dn TEXT,
    PRIMARY KEY (run, change, operation)
) {clustered};

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed {bytes} NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One row: something known, sealed with the vault's key, to tell a wrong key at once.
CREATE TABLE vault_check (
    id BIGINT PRIMARY KEY,
    sealed {bytes} NOT NULL
);

-- Rows stay when a lease is given back, so that tokens only ever grow.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- Its row is changed first by every writer, which makes writers of one directory wait for each other.
CREATE TABLE local_directories (
    directory TEXT PRIMARY KEY,
    writes BIGINT NOT NULL
);

CREATE TABLE local_accounts (
    directory TEXT NOT NULL,
    id TEXT NOT NULL,
    dn TEXT NOT NULL,
    dn_key TEXT NOT NULL,
    access TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (directory, id)
);

CREATE UNIQUE INDEX local_accounts_dn ON local_accounts (directory, dn_key);

-- The values that no two accounts may share, in the form in which they are compared.
CREATE TABLE local_names (
    directory TEXT NOT NULL,
    attribute TEXT NOT NULL,
    value_key TEXT NOT NULL,
    value TEXT NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (directory, attribute, value_key)
) {clustered};

CREATE TABLE local_groups (
    directory TEXT NOT NULL,
    dn_key TEXT NOT NULL,
    dn TEXT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (directory, dn_key)
) {clustered};

CREATE TABLE local_members (
    directory TEXT NOT NULL,
    account_id TEXT NOT NULL,
    group_number BIGINT NOT NULL,
    PRIMARY KEY (directory, account_id, group_number)
) {clustered};
