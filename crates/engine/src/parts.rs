//! Fetching a part: from where it begins, whether it is enough, and how far it came. Where a part leaves a doubt,
//! everything is fetched in the same run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tenure_core::document::Documents;
use tenure_core::fetching::{Begin, By, Extent, Mark, Memory, Wish};
use tenure_core::join::{Joined, Known, Reading};
use tenure_core::plan::{Finding, FindingKind};
use tenure_core::profile::PersonKey;
use tenure_core::seams::{Source, SourceError, SourceTrouble};
use tenure_store::{Claim, Lease, Run};
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::gather::{Course, Gathered, Remember, gather};
use crate::progress::Watch;

/// Stored records that are read at once.
const AT_ONCE: usize = 20_000;

/// What is remembered of a data source, and what of it counts for this run.
#[derive(Default)]
pub(crate) struct Outset {
    pub(crate) course: Course,
    asked: String,
    memory: Option<Memory>,
    /// Whether how far this run comes is kept for the next.
    remembers: bool,
}

impl Outset {
    /// Where a part began, in words; none when everything was fetched.
    pub(crate) fn since(&self) -> Option<String> {
        (self.course.extent == Extent::Part).then(|| match &self.course.begin.since {
            Some(mark) => mark.to_string(),
            None => "the beginning".to_owned(),
        })
    }

    /// How many records there are without a key, as far as that is known: a part says nothing of those that did not
    /// come.
    pub(crate) fn keyless(&self, joined: &Joined, before: Option<&Run>) -> u64 {
        match (self.course.extent, before) {
            (Extent::Part, Some(before)) => before.summary.keyless.max(joined.keyless),
            _ => joined.keyless,
        }
    }
}

impl Engine {
    /// Keeps other processes from fetching a source of which parts are fetched: they would remember other things.
    pub(crate) async fn claim_source(
        &self,
        source: &str,
        reading: &Reading,
    ) -> Result<Option<Lease>, EngineError> {
        if reading.parts.is_none() {
            return Ok(None);
        }
        match self.store.claim(&format!("source/{source}")).await? {
            Claim::Held(lease) => Ok(Some(lease)),
            Claim::Taken { by, .. } => Err(EngineError::SourceBusy {
                name: source.to_owned(),
                by,
            }),
        }
    }

    /// From where a run begins to fetch.
    pub(crate) async fn outset(
        &self,
        documents: &Documents,
        source: &str,
        reading: &Reading,
        wish: Wish,
        now: Timestamp,
    ) -> Result<Outset, EngineError> {
        let asked = Question::of(documents, source, reading);
        let remembers = reading.parts.is_some() || asked.names_last_run;
        if !remembers {
            return Ok(Outset::default());
        }
        let memory = self.store.fetch_memory(source).await?;
        let mut course = Course::default();
        course.begin.last_run = memory.as_ref().map(|memory| memory.run_at);
        if let Some(parts) = &reading.parts {
            course.begin = parts.begin(memory.as_ref(), &asked.digest, wish, now);
            course.extent = parts.extent(&course.begin);
            let usable = memory.as_ref().filter(|memory| memory.asked == asked.digest);
            course.before = usable.and_then(|memory| memory.mark.clone());
        }
        Ok(Outset {
            course,
            asked: asked.digest,
            memory,
            remembers,
        })
    }

    /// Fetches a part where that is enough, and else everything.
    pub(crate) async fn gather_enough(
        &self,
        source: &dyn Source,
        reading: Arc<Reading>,
        known: oneshot::Receiver<Arc<Known>>,
        remember: Remember<'_>,
        outset: &mut Outset,
        watch: Arc<dyn Watch>,
    ) -> Result<Gathered, EngineError> {
        let course = outset.course.clone();
        let first = gather(
            source,
            Arc::clone(&reading),
            known,
            remember,
            &course,
            Arc::clone(&watch),
        )
        .await;
        if course.extent == Extent::Whole {
            return first;
        }
        let (why, known) = match first {
            Err(EngineError::Source(SourceError {
                kind: SourceTrouble::Expired,
                said,
                ..
            })) if course.begin.since.is_some() => {
                let known = self.store.known_records(remember.source).await?;
                (said, Arc::new(Known::new(known)))
            }
            Err(error) => return Err(error),
            Ok(mut gathered) => {
                let known = Arc::clone(&gathered.known);
                self.compare_with_stored(remember.source, &reading, &known, &mut gathered.joined)
                    .await?;
                let never_whole = reading
                    .parts
                    .as_ref()
                    .is_some_and(|parts| parts.full_every.is_none());
                let Some(doubt) = gathered.joined.doubt.take().filter(|_| !never_whole) else {
                    remember.keep(&gathered.kept).await?;
                    return Ok(gathered);
                };
                (doubt, known)
            }
        };
        outset.course = Course {
            begin: course.begin.from_the_start(),
            extent: Extent::Whole,
            before: course.before,
        };
        let (tell, again) = oneshot::channel();
        let _ = tell.send(known);
        let mut gathered = gather(source, reading, again, remember, &outset.course, watch).await?;
        gathered.joined.findings.push(Finding {
            person: None,
            kind: FindingKind::Notice,
            text: format!("what changed was not enough to go by, so that everything was fetched: {why}"),
        });
        Ok(gathered)
    }

    /// Compares what came with how people were stored.
    async fn compare_with_stored(
        &self,
        source: &str,
        reading: &Reading,
        known: &Known,
        joined: &mut Joined,
    ) -> Result<(), EngineError> {
        let has_ids = reading.parts.as_ref().is_some_and(|parts| parts.id.is_some());
        let mut stored = HashMap::new();
        if has_ids {
            let keys: Vec<PersonKey> = joined.ids.iter().map(|(key, _)| key.clone()).collect();
            self.stored_ids(source, reading, &keys, &mut stored).await?;
            let wanted: HashSet<&str> = joined
                .ids
                .iter()
                .map(|(_, id)| id.as_str())
                .chain(joined.removed.iter().map(|removed| removed.id.as_str()))
                .collect();
            if wanted.iter().any(|id| !stored.contains_key(*id)) {
                // Somebody is new or was removed: by the id alone it cannot be told who else that was.
                let all: Vec<PersonKey> = known
                    .records()
                    .iter()
                    .filter(|record| !record.gone)
                    .map(|record| record.key.clone())
                    .collect();
                self.stored_ids(source, reading, &all, &mut stored).await?;
            }
        }
        joined.settle(known, has_ids, &stored);
        Ok(())
    }

    async fn stored_ids(
        &self,
        source: &str,
        reading: &Reading,
        keys: &[PersonKey],
        ids: &mut HashMap<String, PersonKey>,
    ) -> Result<(), EngineError> {
        for some in keys.chunks(AT_ONCE) {
            for record in self.store.records(source, some).await? {
                let Ok(columns) = reading.projection.read(record.columns.as_bytes()) else {
                    continue;
                };
                if record.gone_at.is_none()
                    && let Some(Ok(id)) = reading.id_of(&columns)
                {
                    ids.insert(id, record.key);
                }
            }
        }
        Ok(())
    }

    /// Keeps how far a run came whose data was whole and whose plan nothing holds.
    pub(crate) async fn remember(
        &self,
        source: &str,
        outset: &Outset,
        mark: Option<Mark>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if !outset.remembers {
            return Ok(());
        }
        let before = outset.memory.as_ref().and_then(|memory| memory.whole_at);
        let memory = Memory {
            asked: outset.asked.clone(),
            mark,
            whole_at: match outset.course.extent {
                Extent::Whole => Some(now),
                Extent::Part => before,
            },
            run_at: now,
        };
        Ok(self.store.save_fetch_memory(source, &memory).await?)
    }
}

/// How far a fetch came; what keeps that from being told is added to the findings.
pub(crate) fn mark(
    reading: &Reading,
    of_source: Option<Mark>,
    joined: &mut Joined,
    now: Timestamp,
) -> Option<Mark> {
    let parts = reading.parts.as_ref()?;
    let mut notice = |text: String| {
        joined.findings.push(Finding {
            person: None,
            kind: FindingKind::Notice,
            text,
        });
    };
    if joined.ambiguous > 0 && parts.full_every.is_some() {
        notice(
            "everything is fetched in each run until no records share a key: what changed would not tell of all of them"
                .to_owned(),
        );
        return None;
    }
    match &parts.by {
        By::Source => of_source,
        By::Time(_) => Some(Mark::Moment(now)),
        By::Column(..) => match joined.mark.take() {
            Some(Ok(mark)) => mark,
            Some(Err(problem)) => {
                notice(problem);
                None
            }
            None => None,
        },
    }
}

/// What a source is asked for. What is remembered of another question is of no use.
struct Question {
    digest: String,
    names_last_run: bool,
}

impl Question {
    fn of(documents: &Documents, source: &str, reading: &Reading) -> Self {
        let source = documents.data_source(source);
        let application = source
            .and_then(|source| source.application.as_deref())
            .and_then(|name| documents.application(name));
        let text = |value: Result<String, serde_json::Error>| value.unwrap_or_default();
        let application = text(serde_json::to_string(&application));
        let mut digest = Sha256::new();
        for part in [
            application.as_str(),
            &text(serde_json::to_string(
                &source.map(|source| (&source.file, &source.endpoints)),
            )),
            &reading.projection.seed().to_string(),
        ] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        Self {
            digest: hex::encode(digest.finalize()),
            names_last_run: application.contains("last_run"),
        }
    }
}

/// For a fetch by itself: everything, with what formats can name.
pub(crate) fn everything(Outset { course, .. }: Outset) -> Course {
    Course {
        begin: Begin {
            since: None,
            ..course.begin
        },
        before: None,
        ..course
    }
}
