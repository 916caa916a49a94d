use std::path::Path;
use std::time::Instant;

use rusqlite::{Connection as Database, Transaction, params};

use super::{Growth, Measure, Point, Unit, asking, cpu, memory, milliseconds};
use crate::Result;
use crate::cases::token;
use crate::client::{Connection, Transport};
use crate::measure::{Effort, spread};
use crate::peers::{Ground, Server};

/// More users.
pub(super) fn users(ground: &Ground, counts: &[u64], effort: Effort) -> Result<Growth> {
    let points = grow(ground, counts, effort, add_users)?;
    Ok(Growth {
        name: "users",
        title: "Users",
        counted: "users",
        text: format!("Rows of `portcullis_users` in SQLite. {HOW}"),
        measures: measures(),
        points,
    })
}

/// More sessions that were ended before their time.
pub(super) fn revoked_sessions(ground: &Ground, counts: &[u64], effort: Effort) -> Result<Growth> {
    let points = grow(ground, counts, effort, |transaction, from, to| {
        if from == 0 {
            add_users(transaction, 0, OWNERS)?;
        }
        add_sessions(transaction, from, to)
    })?;
    Ok(Growth {
        name: "sessions",
        title: "Revoked sessions",
        counted: "revoked sessions",
        text: format!("Rows of `portcullis_sessions` in SQLite, ended and not yet over, of {OWNERS} users. {HOW}"),
        measures: measures(),
        points,
    })
}

fn measures() -> Vec<Measure> {
    let cpu = |title| Measure { title, unit: Unit::Cpu };
    let wait = |title| Measure { title, unit: Unit::Wait };
    vec![
        cpu("`GET /whoami`, first of a token"),
        cpu("`GET /whoami`, later"),
        cpu("`GET /users/me`"),
        cpu("`GET /admin/users?limit=50`"),
        wait("log-in, `POST /token`"),
        wait("start to first answer"),
        Measure { title: "resident after the requests", unit: Unit::Memory },
    ]
}

/// Measures at each number of rows; `add` adds those from one number to the next.
fn grow(ground: &Ground, counts: &[u64], effort: Effort, add: impl Fn(&Transaction<'_>, u64, u64) -> Result<()>) -> Result<Vec<Point>> {
    let folder = ground.found()?;
    let (mut points, mut filled) = (Vec::new(), 0);
    for &count in counts {
        fill(&folder, |transaction| add(transaction, filled, count))?;
        filled = count;
        let mut starts = Vec::new();
        for _ in 1..effort.rounds {
            let mut server = ground.resume(&folder)?;
            starts.push(milliseconds(server.started_in));
            server.process.end()?;
        }
        let mut server = ground.resume(&folder)?;
        starts.push(milliseconds(server.started_in));
        let mut values = requests(&server, effort)?;
        values.extend([spread(&starts).0, memory(&server)?]);
        points.push(Point { count, values });
        server.process.end()?;
    }
    Ok(points)
}

fn requests(server: &Server, effort: Effort) -> Result<Vec<f64>> {
    let mut connection = Connection::open(&server.target(Transport::Http1))?;
    let (mut tokens, mut log_ins) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds * 4 {
        let began = Instant::now();
        tokens.push(token(&mut connection, "uma")?);
        log_ins.push(milliseconds(began.elapsed()));
    }
    let firsts = tokens.iter().map(|token| asking("/whoami", Some(token), "\"role\":\"user\"")).collect::<Result<Vec<_>>>()?;
    let before = server.process.spent()?;
    for first in &firsts {
        first.send(&mut connection)?;
    }
    let first = server.process.spent()?.since(&before).as_secs_f64() * 1e6 / f64::from(u32::try_from(firsts.len())?);
    let (user, admin) = (tokens.first().ok_or("no token")?, token(&mut connection, "ada")?);
    Ok(vec![
        first,
        cpu(server, &asking("/whoami", Some(user), "\"role\":\"user\"")?, effort)?,
        cpu(server, &asking("/users/me", Some(user), "\"username\":\"uma\"")?, effort)?,
        cpu(server, &asking("/admin/users?limit=50", Some(&admin), "\"username\":\"user-")?, effort)?,
        spread(&log_ins).0,
    ])
}

/// Changes the database of a server that doesn't run, in one transaction.
fn fill(folder: &Path, add: impl FnOnce(&Transaction<'_>) -> Result<()>) -> Result<()> {
    let mut database = Database::open(folder.join("data/portcullis.db"))?;
    let transaction = database.transaction()?;
    add(&transaction)?;
    Ok(transaction.commit()?)
}

fn add_users(transaction: &Transaction<'_>, from: u64, to: u64) -> Result<()> {
    let now = jiff::Timestamp::now().as_microsecond();
    let mut insert = transaction.prepare(
        "INSERT INTO portcullis_users (id, username, username_canonical, role, created_at, updated_at) VALUES (?1, ?2, ?2, 'user', ?3, ?3)",
    )?;
    for number in from..to {
        insert.execute(params![identifier(number), format!("user-{number}"), now])?;
    }
    Ok(())
}

fn add_sessions(transaction: &Transaction<'_>, from: u64, to: u64) -> Result<()> {
    let now = jiff::Timestamp::now().as_microsecond();
    let mut insert = transaction.prepare(
        "INSERT INTO portcullis_sessions
             (id, user_id, created_at, authenticated_at, last_used_at, expires_at, revoked_at, methods, client)
         VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?3, 'pwd', 'first-party')",
    )?;
    for number in from..to {
        insert.execute(params![identifier(number), identifier(number % OWNERS), now, now + MONTH])?;
    }
    Ok(())
}

/// Sorts by its number, as identifiers do by their time.
fn identifier(number: u64) -> String {
    format!("01900000-0000-7000-8000-{number:012x}")
}

const HOW: &str = "The rows are written before the start, in one transaction; the user that asks is another. Each number of rows has five \
                   starts and twenty log-ins of a new token each.";
const OWNERS: u64 = 1000;
/// In microseconds.
const MONTH: i64 = 30 * 86_400 * 1_000_000;
