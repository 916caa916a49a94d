-- The creator's identifier, or `operator`; a link without a creator is not redeemed.
ALTER TABLE portcullis_links ADD COLUMN creator TEXT;
-- The creator's role when the link was made.
ALTER TABLE portcullis_links ADD COLUMN creator_role TEXT;
CREATE INDEX portcullis_links_user ON portcullis_links (user_id);
CREATE INDEX portcullis_links_creator ON portcullis_links (creator);

-- Every query by user looks for sessions that were not ended, in the order in which they began.
DROP INDEX portcullis_sessions_user;
CREATE INDEX portcullis_sessions_open ON portcullis_sessions (user_id, created_at) WHERE revoked_at IS NULL;
