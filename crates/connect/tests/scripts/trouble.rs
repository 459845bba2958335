//! Scripts that are not allowed, do not end, or may have run before.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::json;
use tenure_connect::script::ScriptFolders;
use tenure_core::seams::Attempt;

use crate::yard::{KEY, allowed, folder, run, runner, subject, words, write};

/// Whether a process is there; one that has ended and was not waited for does not count.
fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    status.is_ok_and(|text| !text.contains(") Z ") && !text.contains(") X "))
}

fn pid(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn when_its_time_is_over_a_script_is_killed_with_all_that_it_started() {
    let place = folder("sleep 600 & echo $! > child; echo $$ > own; echo begun; wait");
    let script = |more| runner(allowed(place.path()), &more);
    let ran = script(json!({ "timeout": "1s", "in_doubt": "repeat" }))
        .run("it", &subject("Ada"), KEY, Attempt::First)
        .await;
    assert_eq!(
        words(&ran.outcome),
        "failed: it had not ended after 1 s and was killed with all that it had started"
    );
    assert_eq!(ran.wrote.unwrap().0, "begun\n");
    for file in ["own", "child"] {
        let pid = pid(&place.path().join(file));
        while lives(&pid) {
            tokio::task::yield_now().await;
        }
    }
    let ran = script(json!({ "timeout": "1s" }))
        .run("it", &subject("Ada"), KEY, Attempt::First)
        .await;
    assert!(
        words(&ran.outcome).contains("in doubt: it had not ended"),
        "{}",
        words(&ran.outcome)
    );
}

#[tokio::test]
async fn what_a_script_leaves_running_ends_with_it() {
    let place = folder("sleep 600 & echo $! > child; echo done");
    let runner = runner(allowed(place.path()), &json!({}));
    let ran = runner.run("it", &subject("Ada"), KEY, Attempt::First).await;
    assert_eq!(words(&ran.outcome), "answered exit code 0: done {}");
    let child = pid(&place.path().join("child"));
    while lives(&child) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_may_have_run_before_is_run_again_only_where_that_is_said() {
    let place = folder("echo again >> ran");
    let ran = |more| runner(allowed(place.path()), &more);
    let asked = ran(json!({}))
        .run("it", &subject("Ada"), KEY, Attempt::Again)
        .await;
    assert!(
        words(&asked.outcome).starts_with("in doubt: Tenure was broken off"),
        "{}",
        words(&asked.outcome)
    );
    assert!(!place.path().join("ran").exists());
    let repeated = ran(json!({ "in_doubt": "repeat" }))
        .run("it", &subject("Ada"), KEY, Attempt::Again)
        .await;
    assert!(repeated.outcome.is_success());
    assert!(place.path().join("ran").exists());
}

#[tokio::test]
async fn only_what_is_in_an_allowed_folder_and_nobody_else_can_change_is_run() {
    let outside = folder("touch ran");
    let place = folder("echo fine");
    symlink(outside.path().join("it"), place.path().join("link")).unwrap();
    symlink("it", place.path().join("inside")).unwrap();
    write(&place.path().join("open"), "#!/bin/sh\n", 0o757);
    write(&place.path().join("plain"), "#!/bin/sh\n", 0o644);
    write(&place.path().join("broken"), "#!/no/such/interpreter\n", 0o755);
    let shared = place.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    write(&shared.join("it"), "#!/bin/sh\n", 0o755);
    std::fs::set_permissions(&shared, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let up = format!("../{}/it", outside.path().file_name().unwrap().to_str().unwrap());
    let absolute = outside.path().join("it").display().to_string();
    for (path, said) in [
        ("it", "answered exit code 0: fine"),
        ("inside", "answered exit code 0: fine"),
        ("link", "outside of"),
        (up.as_str(), "outside of"),
        (absolute.as_str(), "outside of"),
        ("none", "there is no `none` in"),
        ("shared", "is no file"),
        ("open", "can be changed by everybody"),
        ("shared/it", "can be changed by everybody"),
        ("plain", "cannot be started"),
        ("broken", "cannot be started"),
    ] {
        let runner = runner(allowed(place.path()), &json!({ "path": path }));
        let ran = runner.run("it", &subject("Ada"), KEY, Attempt::First).await;
        assert!(
            words(&ran.outcome).contains(said),
            "{path}: {}",
            words(&ran.outcome)
        );
    }
    assert!(!outside.path().join("ran").exists());
    let off = runner(ScriptFolders::default(), &json!({}))
        .run("it", &subject("Ada"), KEY, Attempt::First)
        .await;
    assert_eq!(words(&off.outcome), "refused: this server does not allow scripts");
    let missing = ScriptFolders::new([PathBuf::from("/no/such/folder")])
        .unwrap_err()
        .to_string();
    assert!(missing.contains("/no/such/folder"), "{missing}");
}

#[tokio::test]
async fn a_missing_value_is_said_before_anything_runs() {
    let ran = run("touch ran", json!({ "arguments": ["{{ title }}"] }), "Ada").await;
    assert_eq!(
        words(&ran.outcome),
        "refused: preparing the script `it`: argument 1 needs `title`, which has no value"
    );
    let unread = run("exit 0", json!({}), &"x".repeat(500_000)).await;
    assert!(unread.outcome.is_success(), "{}", words(&unread.outcome));
}
