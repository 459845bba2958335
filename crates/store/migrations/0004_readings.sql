-- How an automation's directory was read last, so that the next run need only ask what changed.
CREATE TABLE readings (
    automation TEXT PRIMARY KEY,
    -- A digest of what was asked for; attributes are numbered in its order.
    asked TEXT NOT NULL,
    cookie TEXT NOT NULL,
    whole_at BIGINT NOT NULL
);

-- The accounts as they were then.
CREATE TABLE kept_accounts (
    automation TEXT NOT NULL,
    id TEXT NOT NULL,
    dn TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (automation, id)
);
