//! A bare fetch: the pages of an endpoint, read and dropped.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tempfile::TempDir;

use crate::Outcome;
use crate::child::{self, Measured};

/// Requests at the same time, as many as Tenure is told to make.
pub const CONCURRENCY: usize = 4;
/// Records of a page.
pub const PAGE: usize = 100;

/// Fetches pages in a process of its own. Also gives how many bytes came.
pub fn measure(url: &str, pages: usize, key: &str) -> Outcome<(Measured, u64)> {
    let bench: PathBuf = std::env::current_exe()?;
    let folder = TempDir::with_prefix("tenure-bench-")?;
    let output = folder.path().join("bytes");
    let measured = child::run(
        Command::new(bench)
            .arg("bare-fetch")
            .args([url, &pages.to_string(), key]),
        Some(&output),
    )?;
    if measured.status.success() {
        Ok((measured, fs::read_to_string(&output)?.trim().parse()?))
    } else {
        Err("the bare fetch failed".into())
    }
}

/// What that process does.
pub fn run(url: &str, pages: usize, key: &str) -> Outcome<()> {
    // Fails only when there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().build()?;
        let key: Arc<str> = key.into();
        let bytes = stream::iter((0..pages).map(|page| {
            let (client, key, url) = (client.clone(), Arc::clone(&key), format!("{url}{}", page * PAGE));
            async move {
                let mut answer = client
                    .get(url)
                    .header("x-api-key", key.as_ref())
                    .send()
                    .await?
                    .error_for_status()?;
                let mut bytes = 0;
                while let Some(chunk) = answer.chunk().await? {
                    bytes += chunk.len() as u64;
                }
                Ok::<_, reqwest::Error>(bytes)
            }
        }))
        .buffer_unordered(CONCURRENCY)
        .try_fold(0, |all, bytes| async move { Ok(all + bytes) })
        .await?;
        println!("{bytes}");
        Ok(())
    })
}
