//! Nothing outlives its test: not when the test panics, not when its process is killed, not when it just ends.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tenure_lab::{LabError, Postgres, SambaDc, Slapd, SlapdOptions};

use crate::remains::{processes_of, wait_until_gone};

/// Set for the copy of this program that is to be killed.
const ROLE: &str = "TENURE_LAB_TEST_ROLE";

#[test]
fn a_panic_stops_the_server() -> Result<(), LabError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let test = thread::spawn(move || {
        let slapd = Slapd::start(&SlapdOptions::default()).expect("it starts");
        sender.send(slapd.folder().to_owned()).expect("somebody listens");
        panic!("as a failed assertion would");
    });
    test.join().expect_err("it panics");
    let folder = receiver.recv().expect("it started first");
    wait_until_gone(&folder)?;
    assert!(!folder.exists());
    Ok(())
}

#[test]
fn killing_the_test_kills_samba() -> Result<(), LabError> {
    if is_victim() {
        let dc = SambaDc::start()?;
        report_and_wait(dc.folder());
        return Ok(());
    }
    kill_a_copy("leftovers::killing_the_test_kills_samba")
}

#[test]
fn killing_the_test_kills_slapd() -> Result<(), LabError> {
    if is_victim() {
        let slapd = Slapd::start(&SlapdOptions::default())?;
        report_and_wait(slapd.folder());
        return Ok(());
    }
    kill_a_copy("leftovers::killing_the_test_kills_slapd")
}

#[test]
fn killing_the_test_kills_postgres() -> Result<(), LabError> {
    if is_victim() {
        report_and_wait(&Postgres::shared()?.socket_folder());
        return Ok(());
    }
    kill_a_copy("leftovers::killing_the_test_kills_postgres")
}

#[test]
fn a_shared_postgres_ends_with_its_process() -> Result<(), LabError> {
    if is_victim() {
        let folder = Postgres::shared()?.socket_folder();
        report(&folder);
        return Ok(());
    }
    let (mut copy, folder) = start_a_copy("leftovers::a_shared_postgres_ends_with_its_process");
    copy.wait().expect("the copy ends");
    wait_until_gone(&folder)
}

fn is_victim() -> bool {
    env::var_os(ROLE).is_some()
}

fn report(folder: &Path) {
    println!("\nfolder={}", folder.display());
}

/// Waits for the end of the standard input, which does not come before the copy is killed.
fn report_and_wait(folder: &Path) {
    report(folder);
    let _ = std::io::stdin().read(&mut [0]);
}

#[expect(clippy::expect_used, reason = "called by tests only")]
fn start_a_copy(test: &str) -> (Child, PathBuf) {
    let mut copy = Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", test, "--nocapture"])
        .env(ROLE, "victim")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the copy starts");
    let output = BufReader::new(copy.stdout.take().expect("the output is a pipe"));
    let folder = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("folder=").map(PathBuf::from))
        .expect("the copy says where its server is");
    (copy, folder)
}

#[expect(clippy::expect_used, reason = "called by tests only")]
fn kill_a_copy(test: &str) -> Result<(), LabError> {
    let (mut copy, folder) = start_a_copy(test);
    assert!(
        !processes_of(&folder).is_empty(),
        "the server is found while it runs"
    );
    copy.kill().expect("the copy can be killed");
    copy.wait().expect("the copy ends");
    wait_until_gone(&folder)?;

    // The next server of anyone removes the folder, too.
    let _next = Slapd::start(&SlapdOptions::default())?;
    assert!(!folder.exists());
    Ok(())
}
