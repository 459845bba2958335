-- How far the last successful run of a data source came.
CREATE TABLE fetches (
    source TEXT PRIMARY KEY,
    -- A digest of what was asked for.
    asked TEXT NOT NULL,
    -- JSON; none when only everything can be fetched.
    mark TEXT,
    whole_at BIGINT,
    run_at BIGINT NOT NULL
);
