//! An answer of 300 MiB, and a small one that becomes 2 GiB when it is unpacked.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;
use tenure_connect::http::Manners;
use tenure_connect::source::{Environment, HttpSource, Variables};
use tenure_core::document::{Application, EndpointUse};
use tenure_core::expression::{Lookups, Table};
use tenure_core::seams::{RecordPage, RecordSink, SecretError, Secrets, Source as _, SourceTrouble};
use tenure_core::secret::Secret;
use tenure_sim::faults::AnswerFault;
use tenure_sim::{Faults, JumpCloud, JumpCloudOptions, Population};

/// What a fetch may take beside the answer it is allowed, in MiB.
const BESIDE: u64 = 48;

struct Key;

#[async_trait]
impl Secrets for Key {
    async fn get(&self, _: &str) -> Result<Secret, SecretError> {
        Ok(Secret::new("the-key".to_owned()))
    }

    async fn put(&self, _: &str, _: Secret) -> Result<(), SecretError> {
        Ok(())
    }
}

#[derive(Default)]
struct Counting(usize);

#[async_trait]
impl RecordSink for Counting {
    async fn page(&mut self, page: RecordPage) {
        self.0 += page.records.len();
    }
}

/// The memory of this process in MiB: now (`VmRSS`), or at most since the peak was forgotten (`VmHWM`).
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib >> 10
}

fn source(url: &str, response_mib: u32) -> HttpSource {
    let application: Application = serde_json::from_value(json!({
        "name": "crew", "private_addresses": "allowed",
        "authorization": { "type": "api_key", "key": "x-api-key", "value": "{{ secret('key') }}" },
        "limits": { "retries": 0, "response_mib": response_mib },
        "endpoints": [{ "name": "users", "url": format!("{url}/api/systemusers"), "records": "$.results[*]" }]
    }))
    .unwrap();
    let uses = [EndpointUse {
        endpoint: "users".to_owned(),
        primary_key: "_id".to_owned(),
    }];
    let environment = Environment {
        variables: Variables::default(),
        folder: PathBuf::from("."),
        lookups: Lookups::new(Vec::<(String, Table)>::new()),
        now: Arc::new(|| Timestamp::UNIX_EPOCH),
        manners: Manners::default(),
    };
    HttpSource::new(&application, &uses, Arc::new(Key), environment).unwrap()
}

#[tokio::test]
async fn answers_that_are_too_large_take_no_more_memory_than_is_allowed() {
    let options = JumpCloudOptions::new(Population::generate(50, 1), "the-key");
    let sim = JumpCloud::start(options).await.unwrap();
    let mut came = Counting::default();
    source(&sim.url(), 1).fetch(&mut came).await.unwrap();
    assert!(came.0 > 0);
    for (fault, allowed) in [
        (AnswerFault::Huge { mib: 300 }, 1),
        (AnswerFault::GzipBomb { mib: 2048 }, 1),
        (AnswerFault::Huge { mib: 300 }, 64),
        (AnswerFault::GzipBomb { mib: 2048 }, 64),
    ] {
        sim.faults(Faults {
            answer: Some(fault.clone()),
            ..Faults::default()
        });
        let source = source(&sim.url(), allowed);
        // Forgets the peak so far (proc_pid_clear_refs(5)).
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = memory("VmRSS:");
        let mut came = Counting::default();
        let error = source.fetch(&mut came).await.unwrap_err();
        assert_eq!((error.kind, came.0), (SourceTrouble::Limit, 0), "{error}");
        let grown = memory("VmHWM:").saturating_sub(before);
        // What is read is doubled as it grows, and both are there while it is copied.
        let bound = u64::from(allowed) * 3 + BESIDE;
        println!("{fault:?} with {allowed} MiB allowed: {grown} MiB more than before");
        assert!(
            grown <= bound,
            "{fault:?} with {allowed} MiB allowed took {grown} MiB, not {bound}"
        );
    }
}
