-- Messages about runs: each is there before it is sent, and stays with what became of it.
CREATE TABLE notices (
    run BIGINT NOT NULL,
    -- At which point of the run: held, interrupted, ended.
    stage TEXT NOT NULL,
    -- Its place in the automation's list, from nought.
    notice BIGINT NOT NULL,
    -- Empty when it is about the whole run.
    person_key TEXT NOT NULL,
    recipient TEXT NOT NULL,
    automation TEXT NOT NULL,
    template TEXT,
    server TEXT,
    -- The attributes that the recipient was found by, with commas between.
    found_by TEXT NOT NULL,
    -- The same whenever it is tried.
    message_key TEXT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    said TEXT,
    owed_since BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (run, stage, notice, person_key, recipient)
);

CREATE INDEX notices_by_state ON notices (state, automation);
