//! What one point read and one durable write cost through the handle, on SQLite: `cargo bench -p portcullis-store`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its figures and stops at the first problem")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use portcullis_core::{Secret, Timestamp};
use portcullis_store::{Database, DatabaseSettings, Migration, Migrations};

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let url = Secret::new(format!("sqlite://{}/bench.db", folder.path().display()));
    let database = Database::connect(&DatabaseSettings::new(url)).await.unwrap();
    database.migrate(&[TABLES], Timestamp::from_seconds(0)).await.unwrap();
    let mut transaction = database.begin().await.unwrap();
    for number in 0..10_000 {
        insert(transaction.query(INSERT), number).await;
    }
    transaction.commit().await.unwrap();

    for tasks in [1, 8] {
        let each = time(tasks, 40_000 / tasks, &database, |database, number| async move {
            let (title,) =
                database.query("SELECT title FROM note WHERE id = $1").bind(key(number % 10_000)).fetch_one::<(String,)>().await.unwrap();
            assert_eq!(title.len(), 10);
        });
        println!("SELECT by key, {tasks} tasks: {:.1} µs a statement", each.await.as_secs_f64() * 1e6);
    }
    for tasks in [1, 8] {
        let each = time(tasks, 2_000 / tasks, &database, move |database, number| async move {
            insert(database.query(INSERT), 100_000 * i64::try_from(tasks).unwrap() + number).await;
        });
        println!("INSERT, durable, {tasks} tasks: {:.1} µs a statement", each.await.as_secs_f64() * 1e6);
    }
}

/// The wall time divided by the number of calls that all tasks made together.
async fn time<F>(
    tasks: usize,
    calls: usize,
    database: &Database,
    call: impl Fn(Arc<Database>, i64) -> F + Clone + Send + 'static,
) -> Duration
where
    F: Future<Output = ()> + Send,
{
    let database = Arc::new(database.clone());
    let begin = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (database, call) = (Arc::clone(&database), call.clone());
            tokio::spawn(async move {
                for number in 0..calls {
                    call(Arc::clone(&database), i64::try_from(task * calls + number).unwrap()).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    begin.elapsed() / u32::try_from(tasks * calls).unwrap()
}

async fn insert(query: portcullis_store::Query<'_>, number: i64) {
    query.bind(key(number)).bind("ten bytes.").execute().await.unwrap();
}

fn key(number: i64) -> String {
    format!("01890a5d-ac96-774b-bcce-{number:012}")
}

const INSERT: &str = "INSERT INTO note (id, title) VALUES ($1, $2)";
const TABLES: Migrations =
    Migrations { module: "bench", steps: &[Migration::both(1, "notes", "CREATE TABLE note (id TEXT PRIMARY KEY, title TEXT NOT NULL)")] };
