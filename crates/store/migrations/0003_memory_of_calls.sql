-- What is remembered of calls about an account (JSON); nothing for most.
ALTER TABLE links ADD COLUMN memory TEXT;
