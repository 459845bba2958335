//! Folders are made, and belong to whom they are for.

use serde_json::json;
use tenure_core::home_folder::{FolderOwner, FolderRights};

use crate::desk::{Desk, create, plain};

#[tokio::test]
async fn the_user_may_write_and_nobody_else() {
    let mut desk = Desk::start();
    let sid = desk.sid.clone();
    let full = || create(FolderRights::Full, FolderOwner::User);
    let answer = desk.done("staff\\ada", full()).await;
    assert_eq!(answer, format!("`staff\\ada` made, with rights for {sid}"));
    assert!(desk.is_there("homes/staff/ada"));
    assert!(desk.may_write("games", "homes/staff/ada"));
    assert!(!desk.may_write("news", "homes/staff/ada"));
    assert!(
        !desk.may_write("games", "homes/staff"),
        "only in the folder itself"
    );
    let shown = desk
        .files
        .smbclient(desk.files.admin(), "cd homes/staff; showacls; ls ada")
        .unwrap();
    assert!(shown.contains(&format!("Owner SID:\t{sid}")), "{shown}");

    // What the user makes in it has the rights too.
    desk.files
        .smbclient("games", "cd homes/staff/ada; mkdir own")
        .unwrap();
    assert!(desk.may_write("games", "homes/staff/ada/own") && !desk.may_write("news", "homes/staff/ada/own"));

    let before = desk
        .files
        .smbclient(desk.files.admin(), "cd homes/staff; showacls; ls ada")
        .unwrap();
    let answer = desk.done("staff\\ada", full()).await;
    assert_eq!(answer, format!("`staff\\ada` was there, with rights for {sid}"));
    let after = desk
        .files
        .smbclient(desk.files.admin(), "cd homes/staff; showacls; ls ada")
        .unwrap();
    assert_eq!(entries(&before), entries(&after));
}

fn entries(shown: &str) -> usize {
    shown.matches("type: ACCESS ALLOWED").count()
}

#[tokio::test]
async fn what_is_there_is_kept_and_its_rights_completed() {
    let mut desk = Desk::start();
    desk.files
        .smbclient(desk.files.admin(), "mkdir homes/ada; mkdir homes/ada/old")
        .unwrap();
    assert!(!desk.may_write("games", "homes/ada"));
    let answer = desk.done("ada", plain()).await;
    assert_eq!(answer, format!("`ada` was there, and {} got rights", desk.sid));
    assert!(desk.may_write("games", "homes/ada") && desk.is_there("homes/ada/old"));
    // The right to modify is not that to give rights.
    let tried = desk
        .files
        .smbclient("games", &format!("cd homes; chown {} ada", desk.sid));
    assert!(tried.map_or(true, |said| said.contains("NT_STATUS")));
    // More rights replace the fewer.
    let answer = desk
        .done("ada", create(FolderRights::Full, FolderOwner::Unchanged))
        .await;
    assert!(answer.ends_with("got rights"), "{answer}");
    assert!(desk.done("ada", plain()).await.contains("was there, with rights"));
}

#[tokio::test]
async fn many_are_made_by_one_connection_signed_as_well_as_encrypted() {
    let mut desk = Desk::start();
    for protection in ["signed", "encrypted"] {
        desk.with(json!({ "root": "homes", "protection": protection }));
        let names: Vec<String> = (0..12).map(|nth| format!("{protection}\\{nth}")).collect();
        let works = names.iter().map(|name| (name.as_str(), plain())).collect();
        for (outcome, name) in desk.outcomes(works).await.into_iter().zip(&names) {
            assert!(outcome.is_success(), "{outcome:?}");
            assert!(desk.is_there(&format!("homes/{}", name.replace('\\', "/"))));
        }
    }
}
