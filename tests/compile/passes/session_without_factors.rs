//! A session is issued after every factor was proved.
use portcullis::accounts::{AccountService, Origin};
use portcullis::prelude::*;

async fn come_in(accounts: &AccountService, password: &Secret, origin: &Origin) {
    let _ = accounts.log_in("alice", password, None, origin).await;
}

fn main() {}
