//! Fetching: pages come over the network while the ones before are joined and mapped on a thread of their own and
//! what is to be remembered goes into the database, each waiting for the next only when its queue is full.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tenure_core::fetching::{Begin, Extent, Mark};
use tenure_core::join::{FetchedRecord, Join, Joined, Known, Reading};
use tenure_core::seams::{Completeness, Fetched, RecordPage, RecordSink, Source};
use tenure_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::EngineError;
use crate::progress::{Progress, Watch};

/// How much may wait for being joined, in KiB.
const WAITING: u32 = 32 << 10;
/// Records and bytes that go to the database at once, and how many such batches may wait.
const BATCH: usize = 10_000;
const BYTES: usize = 4 << 20;
const BATCHES: usize = 2;

/// What a fetch brought.
pub(crate) struct Gathered {
    pub(crate) joined: Joined,
    pub(crate) completeness: Completeness,
    /// From where the next fetch may begin, when the source itself says so.
    pub(crate) mark: Option<Mark>,
    /// What was known.
    pub(crate) known: Arc<Known>,
    /// Of a part: what is to be remembered, once it is clear that the part is enough.
    pub(crate) kept: Vec<FetchedRecord>,
}

/// How much is fetched.
#[derive(Clone, Default)]
pub(crate) struct Course {
    pub(crate) begin: Begin,
    pub(crate) extent: Extent,
    /// How far an earlier fetch came that asked for the same.
    pub(crate) before: Option<Mark>,
}

/// Where and when a fetch is remembered.
#[derive(Clone, Copy)]
pub(crate) struct Remember<'a> {
    pub(crate) store: &'a Store,
    pub(crate) source: &'a str,
    pub(crate) at: Timestamp,
}

/// Fetches everything. Pages may come before it is known what is known; they wait for it.
pub(crate) async fn gather(
    source: &dyn Source,
    reading: Arc<Reading>,
    known: oneshot::Receiver<Arc<Known>>,
    remember: Remember<'_>,
    course: &Course,
    watch: Arc<dyn Watch>,
) -> Result<Gathered, EngineError> {
    let (pages, mut arriving) = mpsc::unbounded_channel::<Arrived>();
    let (batches, mut leaving) = mpsc::channel::<Vec<FetchedRecord>>(BATCHES);
    let now = remember.at;
    let (extent, before) = (course.extent, course.before.clone());
    let joining = tokio::task::spawn_blocking(move || {
        // Whoever was to tell has failed, and says so.
        let Ok(known) = known.blocking_recv() else {
            return (Joined::default(), Arc::new(Known::default()), Vec::new());
        };
        let mut join = Join::new(&reading, &known, now).with_extent(extent, before);
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut keep = |record: FetchedRecord| {
            bytes += record.columns.len();
            batch.push(record);
            if extent == Extent::Part {
                return;
            }
            if batch.len() >= BATCH || bytes >= BYTES {
                bytes = 0;
                // When the writer has failed there is nobody to keep it for; its error ends the run.
                let _ = batches.blocking_send(std::mem::take(&mut batch));
            }
        };
        let mut records = 0;
        while let Some(Arrived { page, room: _room }) = arriving.blocking_recv() {
            for raw in page.iter() {
                join.record(page.endpoint, raw, &mut keep);
            }
            records += page.records.len() as u64;
            watch.progress(Progress::Fetched { records });
        }
        let joined = join.finish(&mut keep);
        if extent == Extent::Part {
            return (joined, known, batch);
        }
        let _ = batches.blocking_send(batch);
        (joined, known, Vec::new())
    });
    let fetching = async {
        let room = Arc::new(Semaphore::new(WAITING as usize));
        let mut sink = Pages { pages, room };
        source.fetch_from(&course.begin, &mut sink).await
    };
    let writing = async {
        while let Some(batch) = leaving.recv().await {
            remember
                .store
                .save_records(remember.source, remember.at, &batch)
                .await?;
        }
        Ok::<_, EngineError>(())
    };
    let (fetched, joined, written) = tokio::join!(fetching, joining, writing);
    let Fetched { completeness, mark } = fetched?;
    written?;
    let (joined, known, kept) = joined.map_err(|error| EngineError::Broken(error.to_string()))?;
    Ok(Gathered {
        joined,
        completeness,
        mark,
        known,
        kept,
    })
}

impl Remember<'_> {
    /// Remembers what came in a part.
    pub(crate) async fn keep(&self, kept: &[FetchedRecord]) -> Result<(), EngineError> {
        for batch in kept.chunks(BATCH) {
            self.store.save_records(self.source, self.at, batch).await?;
        }
        Ok(())
    }
}

/// A page, with the room it takes until it is joined.
struct Arrived {
    page: RecordPage,
    room: Option<OwnedSemaphorePermit>,
}

struct Pages {
    pages: mpsc::UnboundedSender<Arrived>,
    room: Arc<Semaphore>,
}

#[async_trait]
impl RecordSink for Pages {
    async fn page(&mut self, page: RecordPage) {
        let size = u32::try_from(page.body.len() / 1024)
            .unwrap_or(u32::MAX)
            .clamp(1, WAITING);
        // The room is never closed.
        let room = Arc::clone(&self.room).acquire_many_owned(size).await.ok();
        // The receiver goes only when joining has broken off, which is reported there.
        let _ = self.pages.send(Arrived { page, room });
    }
}
