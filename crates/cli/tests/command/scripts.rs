//! Scripts and notifications from the command line: allowed only from named folders, and `kill -9` while one runs.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use tenure_lab::{SmtpEncryption, SmtpSink, wait_until};

use crate::corp;
use crate::home::{Home, LIMIT};

const RUN: [&str; 3] = ["run", "staff", "--yes"];

/// A home with one person in a file, a script that waits for the file `go`, and a notification.
fn home(port: u16) -> Home {
    let documents = format!(
        r#"kind: script
name: provision
path: provision.sh
arguments: ["{{{{ displayName }}}}"]
---
kind: mail_server
name: mail
host: localhost
port: {port}
encryption: none
from: tenure@example.com
---
kind: notification
name: welcome
subject: Welcome {{{{ displayName }}}}
text: "{{{{ password }}}}"
---
kind: automation
name: staff
source: people
directory: corp
correlate: [employeeID]
rules:
  joiner:
    - create_account: {{ template: staff }}
    - run_script: provision
    - notify: {{ template: welcome, to: hr@example.com }}
  mover: [{{ modify_attributes: all }}]
"#
    );
    let people = "{\"id\": \"7\", \"name\": \"Ada Byrne\"}\n".to_owned();
    let corp = corp::documents() + "password: { length: 16 }\n";
    let home = Home::new(&[
        ("corp.yaml", corp),
        ("staff.yaml", documents),
        ("people.jsonl", people),
    ]);
    let folder = home.path().join("scripts");
    std::fs::create_dir(&folder).unwrap();
    home.write(
        "scripts/provision.sh",
        "#!/bin/sh\necho \"$1\" >> begun\nwhile test ! -e go; do sleep 0.02; done\necho done\n",
    );
    let program = folder.join("provision.sh");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    home
}

fn allowed(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env("TENURE_SCRIPTS", home.path().join("scripts"));
    command
}

fn code(home: &Home, arguments: &[&str]) -> (i32, String) {
    let ended = allowed(home, arguments).output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    (ended.status.code().unwrap(), text)
}

#[test]
fn a_script_that_a_kill_met_is_in_doubt_until_somebody_says_what_it_was() {
    let sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let home = home(sink.port());
    let begun = home.path().join("scripts/begun");
    let mut child = allowed(&home, &RUN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the script", LIMIT, || begun.exists()).unwrap();
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    home.write("scripts/go", "");
    let (status, text) = code(&home, &["apply", "1"]);
    assert!(status == 1 && text.contains("in doubt"), "{status}: {text}");
    assert_eq!(sink.received().unwrap().len(), 1, "mail is not held up: {text}");
    assert_eq!(std::fs::read_to_string(&begun).unwrap(), "Ada Byrne\n");
    let (status, text) = code(&home, &["webhook", "settle", "7"]);
    assert!(
        status == 2 && text.contains("joiner: script provision"),
        "{status}: {text}"
    );
    let (status, text) = code(&home, &["webhook", "settle", "7", "script provision", "--repeat"]);
    assert_eq!(status, 0, "{text}");
    let (status, text) = code(&home, &RUN);
    assert_eq!(status, 0, "{text}");
    assert_eq!(std::fs::read_to_string(&begun).unwrap(), "Ada Byrne\nAda Byrne\n");

    let (status, text) = code(&home, &["script", "test", "provision", "--account", "7"]);
    assert!(
        status == 0 && text.contains("exit code 0: done"),
        "{status}: {text}"
    );
    let shown = [
        "notify",
        "test",
        "welcome",
        "--account",
        "7",
        "--show-only",
        "--json",
    ];
    let shown = home.json(0, &shown);
    assert_eq!(shown["tests"][0]["shown"]["subject"], "Welcome Ada Byrne");
    assert_eq!(shown["tests"][0]["shown"]["text"], "…");
    let (status, text) = code(
        &home,
        &[
            "notify",
            "test",
            "welcome",
            "--account",
            "7",
            "--to",
            "me@example.com",
        ],
    );
    assert!(
        status == 0 && text.contains("sent to me@example.com"),
        "{status}: {text}"
    );
}

#[test]
fn without_an_allowed_folder_no_script_runs() {
    let sink = SmtpSink::start(SmtpEncryption::None, None).unwrap();
    let home = home(sink.port());
    let ended = home.run(&RUN).with(1);
    assert!(!home.path().join("scripts/begun").exists());
    let shown = home.show(&home.runs()[0]).to_string();
    assert!(shown.contains("does not allow scripts"), "{} {shown}", ended.out);
    let missing = home.run(&["--allow-scripts", "/no/such/folder", "runs"]).with(1);
    assert!(missing.err.contains("/no/such/folder"), "{}", missing.err);
}
