//! A session is issued before any factor was proved: the gate isn't there for anyone else.
use portcullis::accounts::AccountService;
use portcullis::accounts::service::factors::Proven;

async fn come_in(accounts: &AccountService, proven: &Proven) {
    accounts.issue_session(proven).await;
}

fn main() {}
