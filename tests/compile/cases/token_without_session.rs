//! An access token is signed for somebody who has no session.
use portcullis::accounts::AccountService;

fn sign(accounts: &AccountService) {
    accounts.keys().sign("admin");
}

fn main() {}
