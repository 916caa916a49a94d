//! The failures of a file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use portcullis_store::{Database, StoreError};
use portcullis_testing_postgres::Backend;

use crate::support::{World, impatient, settings, world};

#[tokio::test]
async fn the_file_and_its_companions_are_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/deep/app.db");
    let database = Database::connect(&settings(&url(&file))).await.unwrap();
    database.query("CREATE TABLE a (b BIGINT)").execute().await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for name in ["app.db", "app.db-wal", "app.db-shm"] {
        assert_eq!(mode(&file.with_file_name(name)), 0o600, "{name}");
    }
    assert_eq!(mode(file.parent().unwrap()), 0o700);
}

#[tokio::test]
async fn the_safe_settings_are_on() {
    let World { database, .. } = &world(Backend::Sqlite).await;
    let mut writer = database.begin().await.unwrap();
    for (pragma, expected) in
        [("SELECT * FROM pragma_foreign_keys", 1), ("SELECT * FROM pragma_synchronous", 2), ("SELECT * FROM pragma_trusted_schema", 0)]
    {
        assert_eq!(writer.query(pragma).fetch_one::<i64>().await.unwrap(), expected, "{pragma} of the writer");
        assert_eq!(database.query(pragma).fetch_one::<i64>().await.unwrap(), expected, "{pragma} of a reader");
    }
    assert_eq!(writer.query("SELECT * FROM pragma_busy_timeout").fetch_one::<i64>().await.unwrap(), 20_000);
    assert_eq!(writer.query("SELECT * FROM pragma_journal_mode").fetch_one::<String>().await.unwrap(), "wal");
    assert_eq!(database.query("SELECT * FROM pragma_query_only").fetch_one::<i64>().await.unwrap(), 1, "readers can't write");
}

#[tokio::test]
async fn a_misspelt_column_is_an_error_even_between_double_quotes() {
    let World { database, .. } = &world(Backend::Sqlite).await;
    assert!(database.query("SELECT \"nam\" FROM person").fetch_all::<String>().await.is_err());
    assert!(database.query("UPDATE person SET id = \"nobody\"").execute().await.is_err());
    assert!(database.query("CREATE INDEX misspelt ON person (\"nam\")").execute().await.is_err());
}

#[tokio::test]
async fn only_a_lenient_batch_does_not_wait_for_the_disk_however_it_ends() {
    let World { database, .. } = &world(Backend::Sqlite).await;
    const SYNCHRONOUS: &str = "SELECT * FROM pragma_synchronous";
    for end in ["committed", "undone", "failed"] {
        let mut lenient = database.batch().lenient();
        lenient.query(SYNCHRONOUS).wanted().unwrap();
        match end {
            "committed" => {}
            "undone" => lenient.query("SELECT id FROM person WHERE id = 'nobody'").needed().unwrap(),
            _ => lenient.query("INSERT INTO nothing VALUES (1)").later().unwrap(),
        }
        match lenient.commit().await {
            Ok(mut answers) => assert_eq!((answers.next_row::<i64>().unwrap(), end), (Some(1), "committed")),
            Err(error) => assert_eq!(matches!(error, StoreError::NotFound), end == "undone", "{error:?}"),
        }
        let mut strict = database.begin().await.unwrap();
        assert_eq!(strict.query(SYNCHRONOUS).fetch_one::<i64>().await.unwrap(), 2, "after one that was {end}");
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_survived() {
    let world = world(Backend::Sqlite).await;
    let pages: i64 = world.database.query("SELECT * FROM pragma_page_count").fetch_one().await.unwrap();
    assert!(pages < 40);
    world.database.query("PRAGMA max_page_count = 40").execute().await.unwrap();
    fill(&world).await;
    // There is room again.
    world.database.query("PRAGMA max_page_count = 100000").execute().await.unwrap();
    recovered(&world).await;
}

/// The same with a file system that is really full, where writes fail at other moments: at the commit, and in the log beside the file.
#[test]
fn a_full_file_system_is_told_and_survived() {
    // In a mount namespace of its own, so that nobody else sees the small file system; who isn't root becomes root in a user namespace.
    let namespaces = |flags: &str| {
        let mut command = Command::new("unshare");
        command.arg(flags);
        command
    };
    let Some(flags) = ["-m", "-Urm"].into_iter().find(|flags| namespaces(flags).arg("true").status().unwrap().success()) else {
        eprintln!("SKIPPED: this system lets nobody but root mount a small file system");
        return;
    };
    asked_again(namespaces(flags), "sqlite::on_a_full_file_system", &std::env::temp_dir());
}

#[tokio::test]
#[ignore = "started by the test above, in namespaces of its own"]
async fn on_a_full_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let mounted =
        |command: &str, arguments: &[&str]| assert!(Command::new(command).args(arguments).arg(folder.path()).status().unwrap().success());
    mounted("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]);
    let file = folder.path().join("app.db");
    let world = crate::support::world_at(&url(&file)).await;
    fill(&world).await;
    mounted("mount", &["-o", "remount,size=100m"]);
    recovered(&world).await;
    drop(world);
    mounted("umount", &["-l"]);
}

/// Writes until there is no room, in every way of writing.
async fn fill(world: &World) {
    let insert = "INSERT INTO sample (id, bytes) VALUES ($1, $2) RETURNING id";
    let (mut written, mut failures) = (0, 0);
    for number in 0..2_000_i64 {
        let bytes = vec![7_u8; 3_000];
        let result = match number % 6 {
            0 => world.database.query(insert).bind(number).bind(bytes).execute().await.map(drop),
            1 => world.database.query(insert).bind(number).bind(bytes).fetch_one::<i64>().await.map(drop),
            2 => world.database.query(insert).bind(number).bind(bytes).fetch_all::<i64>().await.map(drop),
            3 => in_transaction(world, insert, number, bytes).await,
            rest => {
                let mut batch = if rest == 4 { world.database.batch() } else { world.database.batch().lenient() };
                batch.query(insert).bind(number).bind(bytes).needed().unwrap();
                batch.commit().await.map(drop)
            }
        };
        match result {
            Ok(()) => written += 1,
            Err(error) => {
                assert!(matches!(error, StoreError::Full), "{error:?}");
                assert!(error.is_unavailable());
                failures += 1;
            }
        }
        if failures == 18 {
            break;
        }
    }
    assert_eq!(failures, 18, "the disk was never full");
    let rows: i64 = world.database.query("SELECT COUNT(*) FROM sample").fetch_one().await.unwrap();
    assert_eq!(rows, written, "what succeeded is there, what failed isn't, and reads go on");
}

async fn in_transaction(world: &World, insert: &'static str, number: i64, bytes: Vec<u8>) -> Result<(), StoreError> {
    let mut transaction = world.database.begin().await?;
    transaction.query(insert).bind(number).bind(bytes).fetch_optional::<i64>().await?;
    transaction.commit().await
}

async fn recovered(world: &World) {
    for number in 10_000..10_010 {
        in_transaction(world, "INSERT INTO sample (id, bytes) VALUES ($1, $2) RETURNING id", number, vec![7; 3_000]).await.unwrap();
    }
    assert_eq!(world.database.query("PRAGMA integrity_check").fetch_one::<String>().await.unwrap(), "ok");
}

#[tokio::test]
async fn a_lock_held_by_another_program_is_waited_for_and_then_told() {
    let world = world(Backend::Sqlite).await;
    let other = Database::connect(&impatient(&world.url)).await.unwrap();
    let holder = world.database.begin().await.unwrap();
    let insert = "INSERT INTO person (id, email) VALUES ('a', 'a')";
    for result in [other.begin().await.map(drop), other.query(insert).execute().await.map(drop)] {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Busy(_)) && error.is_unavailable(), "{error:?}");
    }
    assert_eq!(other.query("SELECT COUNT(*) FROM person").fetch_one::<i64>().await.unwrap(), 0, "reads go on");
    holder.commit().await.unwrap();
    other.query(insert).execute().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.join("below/app.db"), folder.path().to_path_buf()] {
        let error = Database::connect(&settings(&url(&path))).await.unwrap_err();
        assert!(matches!(&error, StoreError::Configuration(text) if text.contains(&path.display().to_string())), "{error:?}");
        assert!(!error.is_unavailable());
    }
}

#[tokio::test]
async fn a_companion_that_cannot_be_made_is_told_with_the_files_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    std::fs::create_dir(folder.path().join("app.db-wal")).unwrap();
    let error = Database::connect(&impatient(&url(&file))).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    let letter = "Dear database, ".repeat(1_000);
    std::fs::write(&file, &letter).unwrap();
    let error = Database::connect(&settings(&url(&file))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("letter.txt")), "{error:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), letter);
}

#[tokio::test]
async fn a_damaged_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let world = crate::support::world_at(&url(&file)).await;
    for number in 0..200 {
        world.add_person(&format!("{number:0500}")).await;
    }
    world.database.close().await;
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&file, &bytes).unwrap();
    let error = match Database::connect(&settings(&url(&file))).await {
        Ok(database) => database.query("SELECT id FROM person ORDER BY id").fetch_all::<String>().await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    crate::support::world_at(&url(&file)).await.database.close().await;
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o444)).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&file).is_ok() {
        // Root may write everything, so it asks again as someone else.
        let mut someone_else = Command::new("setpriv");
        someone_else.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        return asked_again(someone_else, "sqlite::as_someone_else", folder.path());
    }
    cannot_be_written(&file).await;
}

#[tokio::test]
#[ignore = "started by the test above, in the folder of the file"]
async fn as_someone_else() {
    cannot_be_written(Path::new("app.db")).await;
}

/// Runs one ignored test of this program below another command, in a folder; it has to pass.
fn asked_again(mut below: Command, test: &str, folder: &Path) {
    below.arg(std::env::current_exe().unwrap()).args(["--ignored", "--exact", test]).current_dir(folder);
    let output = below.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

async fn cannot_be_written(file: &Path) {
    let error = Database::connect(&settings(&url(file))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Configuration(text) if text.contains("app.db") && text.contains("denied")), "{error:?}");
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_forgotten_does_not_keep_everybody_from_writing() {
    let folder = tempfile::tempdir().unwrap();
    let world = crate::support::world_at(&url(&folder.path().join("app.db"))).await;
    let mut settings = settings(&world.url);
    settings.wait = std::time::Duration::from_millis(50);
    let database = Database::connect(&settings).await.unwrap();
    let mut forgotten = database.begin().await.unwrap();
    forgotten.query("INSERT INTO person (id, email) VALUES ('a', 'a')").execute().await.unwrap();
    let began = std::time::Instant::now();
    while let Err(error) = database.query("INSERT INTO person (id, email) VALUES ('b', 'b')").execute().await {
        assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "still nobody can write");
    }
    let late = forgotten.query("INSERT INTO person (id, email) VALUES ('c', 'c')").execute().await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    assert!(forgotten.commit().await.is_err());
    assert_eq!(world.people().await, ["b"]);
}
