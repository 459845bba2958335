//! Folders are moved, archived and deleted, and nothing else is.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::desk::{Desk, archived, deleted, moved, plain};

/// Where the archived folder is: the name, the day, and signs of the step.
const ARCHIVED: &str = "homes/gone/ada 2026-01-05 0c1f2e6a";

#[tokio::test]
async fn a_folder_is_moved_once_with_what_is_in_it() {
    let mut desk = Desk::start();
    desk.done("ada", plain()).await;
    desk.write("homes/ada/letter", "kept");
    assert_eq!(
        desk.done("ada", moved("people", "left\\ada")).await,
        "`ada` is `left\\ada` now"
    );
    assert!(!desk.is_there("homes/ada"));
    assert_eq!(
        std::fs::read_to_string(desk.files.files().join("homes/left/ada/letter")).unwrap(),
        "kept"
    );
    assert!(desk.may_write("games", "homes/left/ada"));
    // Broken off after it was done, or done by hand.
    assert_eq!(
        desk.done("ada", moved("people", "left\\ada")).await,
        "it is at `left\\ada` already"
    );
    assert_eq!(
        desk.done("bob", moved("people", "left\\bob")).await,
        "there is no folder `bob`"
    );
    assert!(!desk.is_there("homes/left/bob"));

    // To another root of the same share.
    desk.done("left\\ada", moved("top", "other\\ada")).await;
    assert!(desk.is_there("other/ada/letter") && !desk.is_there("homes/left/ada"));

    desk.done("ada", plain()).await;
    let (passes, why) = desk.undone("ada", moved("top", "other\\ada")).await;
    assert!(
        !passes && why.contains("`ada` is there, and so is `other\\ada`"),
        "{why}"
    );
    let (_, why) = desk.undone("ada", moved("people", "ADA\\below")).await;
    assert!(why.contains("is in `ada` itself"), "{why}");
    assert!(desk.is_there("homes/ada"));
}

#[tokio::test]
async fn what_is_archived_is_deleted_whole_and_nothing_beside_it() {
    let mut desk = Desk::start();
    desk.done("ada", plain()).await;
    desk.done("bob", plain()).await;
    desk.write("homes/bob/letter", "of Bob");
    for nth in 0..300 {
        desk.write(&format!("homes/ada/many/{nth:03} ä"), "");
        desk.write(&format!("homes/ada/folders/{nth:03}/deep/er"), "");
    }
    desk.files
        .smbclient(
            desk.files.admin(),
            "cd homes/ada; mkdir locked; put smb.conf fixed; setmode fixed +r",
        )
        .unwrap();
    assert_eq!(
        desk.done("ada", archived()).await,
        "`ada` is in the archive as `gone\\ada 2026-01-05 0c1f2e6a`"
    );
    assert!(desk.is_there(ARCHIVED) && !desk.is_there("homes/ada"));
    // Broken off after it was done.
    desk.captured.clear();
    desk.done("ada", archived()).await;
    // A new folder of the same name stays.
    desk.done("ada", plain()).await;
    // 603 files and folders of the first two, `folders` and `many`, `locked`, `fixed` and itself.
    let answer = desk.done("ada", deleted()).await;
    assert_eq!(
        answer,
        "`gone\\ada 2026-01-05 0c1f2e6a` is gone, 1205 files and folders"
    );
    assert!(!desk.is_there(ARCHIVED) && desk.is_there("homes/gone"));
    assert!(desk.is_there("homes/ada") && desk.is_there("homes/bob/letter"));
    assert_eq!(desk.done("ada", deleted()).await, "nothing was archived");
}

#[tokio::test]
async fn a_folder_that_is_not_there_leaves_nothing_to_delete() {
    let mut desk = Desk::start();
    assert_eq!(desk.done("ada", archived()).await, "there is no folder `ada`");
    assert_eq!(desk.done("ada", deleted()).await, "nothing was archived");
    assert!(desk.is_there("homes"));
}

#[tokio::test]
async fn deleting_ends_with_its_time_and_goes_on_in_the_next_run() {
    let mut desk = Desk::start();
    desk.done("ada", plain()).await;
    desk.write("homes/ada/letter", "");
    desk.done("ada", archived()).await;
    desk.with(json!({ "root": "homes", "timeout": "0s" }));
    let (passes, why) = desk.undone("ada", deleted()).await;
    assert!(
        passes && why.contains("0 deleted, and the time of this step is over"),
        "{why}"
    );
    assert!(desk.is_there(ARCHIVED));
    desk.with(json!({ "root": "homes" }));
    assert!(
        desk.done("ada", deleted())
            .await
            .ends_with("is gone, 2 files and folders")
    );
    assert!(!desk.is_there(ARCHIVED));
}

#[tokio::test]
async fn links_to_others_are_neither_followed_nor_emptied() {
    let mut desk = Desk::start();
    desk.done("ada", plain()).await;
    desk.done("bob", plain()).await;
    desk.write("homes/bob/letter", "of Bob");
    desk.write("homes/ada/letter", "");
    let files = desk.files.files();
    symlink("../bob", files.join("homes/ada/link")).unwrap();
    desk.done("ada", archived()).await;
    // From the archive the same link is one folder deeper.
    std::fs::remove_file(files.join(ARCHIVED).join("link")).unwrap();
    symlink("../../bob", files.join(ARCHIVED).join("link")).unwrap();
    let (passes, why) = desk.undone("ada", deleted()).await;
    assert!(
        passes && why.contains("1 deleted") && why.contains("link that leads to another place"),
        "{why}"
    );
    assert!(desk.is_there("homes/bob/letter") && !desk.is_there(&format!("{ARCHIVED}/letter")));
    std::fs::remove_file(files.join(ARCHIVED).join("link")).unwrap();
    desk.done("ada", deleted()).await;
    assert!(!desk.is_there(ARCHIVED) && desk.is_there("homes/bob/letter"));
}

#[tokio::test]
async fn another_folder_than_the_archived_one_is_not_deleted() {
    let mut desk = Desk::start();
    desk.done("ada", plain()).await;
    desk.done("ada", archived()).await;
    let files = desk.files.files();
    std::fs::rename(files.join(ARCHIVED), files.join("homes/gone/elsewhere")).unwrap();
    desk.write(&format!("{ARCHIVED}/letter"), "");
    let (passes, why) = desk.undone("ada", deleted()).await;
    assert!(
        !passes && why.contains("another folder than the one that was archived"),
        "{why}"
    );
    assert!(desk.is_there(&format!("{ARCHIVED}/letter")));
}
