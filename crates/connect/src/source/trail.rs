//! Where the pages of a call lead: whether there is a next one, and that none is asked for twice.

use std::collections::HashSet;

use tenure_core::seams::SourceError;
use xxhash_rust::xxh3::xxh3_64;

use super::ahead::PageRead;
use super::explain::{followed_before, leads_nowhere, nothing_again, too_long};
use super::misconfigured;
use super::progress::Progress;
use super::repeat::{Repetition, Verdict};

/// The longest cursor or link.
const LONGEST: usize = 64 << 10;

/// What follows a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Following {
    /// Nothing: it was the last.
    None,
    /// The page with the next number.
    Next,
    /// The page at which this cursor or link is.
    At(String),
}

/// The cursors and links that were followed, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Trail {
    followed: HashSet<u64>,
}

impl Trail {
    /// What follows a page, which has been counted in.
    pub(super) fn after(
        &mut self,
        endpoint: &str,
        repeat: &Repetition,
        page: &PageRead,
        progress: &Progress,
    ) -> Result<Following, SourceError> {
        let verdict = repeat.verdict(&page.records, progress).map_err(|error| {
            let doing = format!("the condition of `repeat` of `{endpoint}`");
            misconfigured(doing, error.to_string(), error.hint)
        })?;
        let request = || page.request.clone();
        match (verdict, &page.next) {
            (Verdict::Last, _) => Ok(Following::None),
            (_, _) if repeat.is_numbered() => match progress.empty_pages() {
                0 | 1 => Ok(Following::Next),
                _ => Err(nothing_again(request(), repeat, progress)),
            },
            (Verdict::More, None) => Ok(Following::None),
            (Verdict::MoreForSure, None) => Err(leads_nowhere(request(), repeat, progress)),
            (_, Some(token)) if token.len() > LONGEST => Err(too_long(request(), repeat, LONGEST)),
            (_, Some(token)) => {
                if self.followed.insert(xxh3_64(token.as_bytes())) {
                    Ok(Following::At(token.clone()))
                } else {
                    Err(followed_before(request(), repeat, progress))
                }
            }
        }
    }
}
