//! PostgreSQL does what tests of the store need of it.

use std::process::Command;

use tenure_lab::{LabError, Postgres};

use crate::remains::{processes_of, wait_until_gone};

fn ask(url: &str, sql: &str) -> String {
    let output = Command::new("psql")
        .args(["-X", "-A", "-t", "-c", sql, url])
        .output();
    output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

#[test]
fn postgres_answers_and_leaves_nothing_behind() -> Result<(), LabError> {
    let postgres = Postgres::start()?;
    let socket = postgres.socket_folder();
    let folder = socket
        .parent()
        .expect("the socket is in a folder of the server")
        .to_owned();
    assert!(
        !processes_of(&folder).is_empty(),
        "the server is found while it runs"
    );

    assert_eq!(ask(&postgres.url(), "SELECT 6 * 7"), "42");
    let by_socket = format!(
        "postgres://postgres@/postgres?host={}&port={}",
        socket.display(),
        postgres.port()
    );
    assert_eq!(ask(&by_socket, "SHOW fsync"), "off");
    let named = postgres.create_database("people-2026")?;
    assert_eq!(ask(&named, "SELECT current_database()"), "people-2026");
    assert_eq!(ask(&named, "SHOW server_encoding"), "UTF8");

    drop(postgres);
    wait_until_gone(&folder)?;
    assert!(!folder.exists());
    Ok(())
}

#[test]
fn postgres_gives_databases_that_know_nothing_of_each_other() -> Result<(), LabError> {
    let shared = Postgres::shared()?;
    assert_eq!(shared.port(), Postgres::shared()?.port());
    let (one, other) = (shared.fresh_database()?, shared.fresh_database()?);
    ask(&one, "CREATE TABLE people (name TEXT)");
    assert_eq!(
        ask(&one, "SELECT count(*) FROM pg_tables WHERE tablename = 'people'"),
        "1"
    );
    assert_eq!(
        ask(
            &other,
            "SELECT count(*) FROM pg_tables WHERE tablename = 'people'"
        ),
        "0"
    );
    Ok(())
}

#[test]
fn postgres_outlives_the_thread_that_started_it() -> Result<(), LabError> {
    let started = std::thread::spawn(Postgres::start)
        .join()
        .expect("the thread does not panic")?;
    assert_eq!(ask(&started.url(), "SELECT 1"), "1");
    Ok(())
}

#[test]
fn postgres_that_cannot_create_a_database_says_why() -> Result<(), LabError> {
    let error = Postgres::shared()?
        .create_database("postgres")
        .expect_err("it is there already");
    assert!(
        error.to_string().contains("database \"postgres\" already exists"),
        "{error}"
    );
    Ok(())
}
