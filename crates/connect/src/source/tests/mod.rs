//! Sources against real files, and against a small application that answers as it is told.

mod application;
mod dependents;
mod faults;
mod files;
mod following;
mod forms;
mod macros;
mod new_rows;
mod paging;
mod repeating;
mod splitting;
mod standing;
mod trouble;
mod trying;
mod workbooks;
mod xml;

use async_trait::async_trait;
use tenure_core::fetching::Begin;
use tenure_core::seams::{Completeness, Fetched, RecordPage, RecordSink, Source, SourceError};

/// Keeps what came: the endpoint and the text of each record, page by page.
#[derive(Default)]
struct Pages(Vec<(u16, Vec<String>)>);

impl Pages {
    fn records(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|(_, records)| records).map(String::as_str)
    }
}

#[async_trait]
impl RecordSink for Pages {
    async fn page(&mut self, page: RecordPage) {
        let texts = page
            .iter()
            .map(|record| String::from_utf8(record.to_vec()).unwrap());
        self.0.push((page.endpoint, texts.collect()));
    }
}

async fn fetch(source: &dyn Source) -> (Pages, Result<Completeness, SourceError>) {
    let mut pages = Pages::default();
    let end = source.fetch(&mut pages).await;
    (pages, end)
}

/// The same from where an earlier fetch came.
async fn fetch_from(source: &dyn Source, begin: &Begin) -> (Pages, Result<Fetched, SourceError>) {
    let mut pages = Pages::default();
    let end = source.fetch_from(begin, &mut pages).await;
    (pages, end)
}

fn complete(count: u64) -> Completeness {
    Completeness::Complete { count }
}
