//! Whether the time of a refused log-in tells what was wrong. A test binary of its own, so that no other test runs beside it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_precision_loss, clippy::print_stderr, reason = "a test")]

mod rank;

use std::time::Instant;

use base64::Engine as _;
use portcullis_accounts::{AccountError, AccountParts, AccountService, AccountsSettings, Actor, MIGRATIONS, NewUser, Origin};
use portcullis_core::{Clock, Revocations, RoleEntry, Secret, Timestamp};
use portcullis_store::{Database, DatabaseSettings};
use portcullis_testing_postgres::{Backend, fresh, selected};
use portcullis_web::app::{MasterKey, Spawner};

use rank::Pairs;

static ROLES: &[RoleEntry] =
    &[RoleEntry { name: "user", rank: 0, permissions: &[], top: false }, RoleEntry { name: "admin", rank: 1, permissions: &[], top: true }];
const PASSWORD: &str = "three words and more";
const WRONG: &str = "other words and more";
/// Name and password of what is tried. The first, a wrong password of a known user, is what the others are compared with.
const CASES: [(&str, &str); 7] = [
    ("known", WRONG),
    ("nobody", PASSWORD),
    ("locked", PASSWORD),
    ("locked", WRONG),
    ("nobody-locked", WRONG),
    ("disabled", PASSWORD),
    ("invited", PASSWORD),
];
/// Pairs that are measured before the power is looked at again, and at most.
const STEP: usize = 20;
const MOST: usize = 1200;

/// Accounts that hash at the cost of production, on a clock that stands still; the account is locked after so many failures.
async fn accounts(url: &str, failures_before_delay: u32) -> AccountService {
    let clock = Clock::manual(Timestamp::from_seconds(1_800_000_000)).0;
    let database = Database::connect(&DatabaseSettings::new(Secret::new(url))).await.unwrap();
    database.migrate(&[MIGRATIONS], clock.now()).await.unwrap();
    let mut settings = AccountsSettings::default();
    settings.failures_per_address = 1_000_000;
    settings.failures_before_delay = failures_before_delay;
    let bytes: Vec<u8> = (0..32).collect();
    let key = Secret::new(base64::engine::general_purpose::STANDARD.encode(bytes));
    let parts = AccountParts {
        database,
        clock,
        revocations: Revocations::new(),
        settings,
        roles: ROLES,
        scopes: Vec::new(),
        public_url: "https://localhost:8443".to_owned(),
        service_name: "Portcullis".to_owned(),
        master_key: MasterKey::from_base64(&key).unwrap(),
        cost: None,
        spawner: Spawner::default(),
    };
    AccountService::start(parts).await.unwrap()
}

async fn refusal(accounts: &AccountService, (name, password): (&str, &str)) -> f64 {
    let origin = Origin::address("192.0.2.7".parse().unwrap());
    let began = Instant::now();
    let refused = accounts.log_in(name, &Secret::new(password), None, &origin).await;
    let took = began.elapsed().as_secs_f64();
    assert!(matches!(refused, Err(AccountError::Credentials(_))), "{name}: {refused:?}");
    took
}

async fn prepare(accounts: &AccountService, locking: &AccountService) {
    let origin = Origin::default();
    for name in ["known", "locked", "disabled"] {
        let new = NewUser { username: name.parse().unwrap(), email: None, role: "user".to_owned() };
        accounts.add_user(&new, &Secret::new(PASSWORD)).await.unwrap();
    }
    let invited = NewUser { username: "invited".parse().unwrap(), email: None, role: "user".to_owned() };
    accounts.invite(&Actor::CommandLine, &invited, &origin).await.unwrap();
    let disabled = accounts.user_named("disabled").await.unwrap();
    accounts.disable(&Actor::CommandLine, disabled.id, &origin).await.unwrap();
    for name in ["locked", "nobody-locked"] {
        refusal(locking, (name, WRONG)).await;
    }
    // The first few take longer: connections are opened, code and pages are read.
    for case in CASES {
        refusal(accounts, case).await;
    }
}

async fn compare(backend: Backend) {
    if !selected(backend).unwrap() {
        return;
    }
    let (url, _guard) = fresh(backend).unwrap();
    let (accounts, locking) = (accounts(&url, 20).await, accounts(&url, 1).await);
    let database = Database::connect(&DatabaseSettings::new(Secret::new(url.as_str()))).await.unwrap();
    prepare(&accounts, &locking).await;
    let mut pairs: Vec<Pairs> = CASES[1..].iter().map(|_| Pairs::default()).collect();
    for round in 1..=MOST {
        // Those that were locked on purpose stay so; the others are never locked by the measurement.
        database.query("DELETE FROM portcullis_login_attempts WHERE blocked_until = 0").execute().await.unwrap();
        // In turns, so that none always comes first.
        let mut took = CASES.map(|_| 0.0);
        for place in 0..CASES.len() {
            let case = (round + place) % CASES.len();
            took[case] = refusal(&accounts, CASES[case]).await;
        }
        for (pairs, took_one) in pairs.iter_mut().zip(&took[1..]) {
            pairs.add(*took_one, took[0]);
        }
        if round % STEP == 0 && pairs.iter().all(|pairs| pairs.power(0.05) >= 0.9) {
            break;
        }
    }
    for ((name, password), pairs) in CASES[1..].iter().zip(&pairs) {
        let (shift, power) = (pairs.shift(), pairs.power(0.05));
        eprintln!("{backend:?} {name} ({}): {:+.2}%, power {power:.2}", if *password == WRONG { "wrong" } else { "right" }, shift * 100.0);
        assert!(power >= 0.9, "the machine is too noisy to find a difference of 5%: power {power} after {MOST} pairs of {name}");
        assert!(!pairs.differ(), "a refused log-in of `{name}` takes {:+.2}% of the time of a wrong password", shift * 100.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incident_09_the_time_of_a_refused_log_in_does_not_tell_what_was_wrong() {
    compare(Backend::Sqlite).await;
    compare(Backend::Postgres).await;
}
