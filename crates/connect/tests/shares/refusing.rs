//! What is not done: nothing leads out of the share's root, and nothing is sent to a server that is not the right one.

use std::os::unix::fs::symlink;

use rstest::rstest;
use serde_json::json;

use crate::desk::{Desk, WRONG, archived, moved, plain};

#[rstest]
#[tokio::test]
async fn paths_that_lead_elsewhere_are_refused() {
    let mut desk = Desk::start();
    for path in [
        "..\\other\\ada",
        "ada\\..\\..\\other",
        "\\ada",
        "ada:stream",
        "con",
        "ada.",
        "ada ",
        "",
        "C:\\x",
    ] {
        let (passes, why) = desk.undone(path, plain()).await;
        assert!(!passes && why.contains("is no path"), "{path}: {why}");
    }
    desk.done("ada", plain()).await;
    let (_, why) = desk.undone("ada", moved("people", "..\\other\\ada")).await;
    assert!(why.contains("is no path"), "{why}");
    assert_eq!(
        std::fs::read_dir(desk.files.files().join("other"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn links_on_the_server_are_refused() {
    let mut desk = Desk::start();
    let files = desk.files.files();
    std::fs::create_dir(files.join("other/below")).unwrap();
    symlink("../other", files.join("homes/link")).unwrap();
    symlink("../other/below", files.join("homes/ada")).unwrap();
    for work in [plain(), archived(), moved("people", "left\\ada")] {
        let (passes, why) = desk.undone("ada", work.clone()).await;
        assert!(!passes && why.contains("leads to another place"), "{why}");
        let (passes, why) = desk.undone("link\\below", work).await;
        assert!(!passes && why.contains("leads to another place"), "{why}");
    }
    desk.done("bob", plain()).await;
    let (_, why) = desk.undone("bob", moved("people", "link\\bob")).await;
    assert!(why.contains("leads to another place"), "{why}");
    assert!(desk.is_there("homes/bob") && !desk.is_there("other/bob"));
    assert!(desk.is_there("other/below"));
    // Out of the share Samba itself lets nobody.
    symlink("/tmp", files.join("homes/out")).unwrap();
    desk.undone("out", plain()).await;
    desk.undone("out\\ada", plain()).await;
}

#[tokio::test]
async fn a_file_is_no_folder() {
    let mut desk = Desk::start();
    desk.write("homes/ada", "a file");
    let (passes, why) = desk.undone("ada", plain()).await;
    assert!(!passes && why.contains("is no folder"), "{why}");
    desk.undone("ada\\below", plain()).await;
    assert_eq!(
        std::fs::read_to_string(desk.files.files().join("homes/ada")).unwrap(),
        "a file"
    );
}

#[tokio::test]
async fn who_cannot_sign_in_does_nothing_and_shows_no_password() {
    let mut desk = Desk::start();
    desk.with(json!({ "password": "{{ secret('wrong') }}" }));
    let (passes, why) = desk.undone("ada", plain()).await;
    assert!(
        !passes && why.contains("the name or the password is wrong (C000006D)"),
        "{why}"
    );
    assert!(!why.contains(WRONG), "{why}");
    desk.with(json!({ "root": "nowhere" }));
    let (_, why) = desk.undone("ada", plain()).await;
    assert!(
        why.contains("the share's `root`, `nowhere`, is not there"),
        "{why}"
    );
    desk.with(json!({ "url": desk.files.url().replace("/people", "/nobody") }));
    let (_, why) = desk.undone("ada", plain()).await;
    assert!(why.contains("there is no such share"), "{why}");
    // Who may not give rights does not seem to.
    desk.with(json!({ "root": "homes", "user": "news" }));
    let (_, why) = desk.undone("ada", plain()).await;
    assert!(why.contains("the server does not allow it"), "{why}");
    assert!(!desk.is_there("homes/ada"));
}

#[tokio::test]
async fn a_server_that_is_away_is_tried_later() {
    let mut desk = Desk::start();
    desk.files.kill();
    let (passes, why) = desk.undone("ada", plain()).await;
    assert!(passes && why.contains("connecting to smb://127.0.0.1:"), "{why}");
    desk.files.restart().unwrap();
    desk.done("ada", plain()).await;
}

#[tokio::test]
async fn an_account_without_an_identifier_gets_nothing() {
    let mut desk = Desk::start();
    desk.sid = "ada".to_owned();
    let (passes, why) = desk.undone("ada", plain()).await;
    assert!(
        !passes && why.contains("`ada` is no security identifier"),
        "{why}"
    );
    assert!(!desk.is_there("homes/ada"));
}
