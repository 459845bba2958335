//! Documents from text to what is wrong with them.

mod catalog;
mod checking;
mod endpoints;
mod examples;
mod fetching;
mod home_folders;
mod loading;
mod mailboxes;
mod microsoft365;
mod performing;
mod robustness;
mod telling;
mod templates;
mod webhooks;

use super::{DocumentError, Documents, check, load};

/// Loads one file, `test.yaml`.
fn loaded(text: &str) -> (Documents, Vec<DocumentError>) {
    load(&[("test.yaml".to_owned(), text.to_owned())])
}

/// Documents that load without complaint.
fn good(text: &str) -> Documents {
    let (documents, errors) = loaded(text);
    assert!(errors.is_empty(), "{}", lines(&errors));
    documents
}

/// What checking says of documents that load without complaint, a line each.
fn checked(text: &str) -> String {
    lines(&check(&good(text)))
}

fn lines(errors: &[DocumentError]) -> String {
    let severity = |error: &DocumentError| if error.is_error() { "error" } else { "warning" };
    errors.iter().fold(String::new(), |text, error| {
        format!("{text}{}: {error}\n", severity(error))
    })
}
