//! Renewing tokens: before their end, when they are refused, once for all who wait, and never again when it is useless.

use std::sync::Arc;

use tenure_core::seams::SourceTrouble;

use super::super::State;
use super::{World, fetch};

/// How long the server's tokens are good for, in seconds.
const HOUR: i64 = 3600;

#[tokio::test]
async fn oidc_a_token_is_renewed_before_its_end_with_a_refresh_token_that_changes_each_time() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    world.agree(&application).await;
    let source = world.source(&application);
    let mut refresh = vec![world.vault.kept()["refresh_token"].clone()];
    for _ in 0..3 {
        world.time.pass(HOUR - 59);
        assert_eq!(fetch(&source).await.unwrap(), 2);
        refresh.push(world.vault.kept()["refresh_token"].clone());
    }
    // A token is not renewed while it is good.
    world.time.pass(HOUR - 62);
    assert_eq!(fetch(&source).await.unwrap(), 2);
    let expected = [
        "authorization_code",
        "refresh_token",
        "refresh_token",
        "refresh_token",
    ];
    assert_eq!(world.grants().await, expected);
    refresh.dedup();
    assert_eq!(refresh.len(), 4);
    // What another process finds is the last of them.
    world.time.pass(HOUR);
    assert_eq!(fetch(&world.source(&application)).await.unwrap(), 2);
    assert_eq!(world.grants().await.last().unwrap(), "refresh_token");
}

#[tokio::test]
async fn oidc_a_revoked_token_is_renewed_once_after_a_401() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    world.agree(&application).await;
    let source = world.source(&application);
    assert_eq!(fetch(&source).await.unwrap(), 2);
    world.meddle("revoke", "AccessToken").await;
    assert_eq!(fetch(&source).await.unwrap(), 2);
    assert_eq!(world.grants().await, ["authorization_code", "refresh_token"]);
}

#[tokio::test]
async fn oidc_a_new_token_that_is_refused_too_ends_the_call() {
    let Some(world) = World::start() else { return };
    // The application lets in nobody with this prefix.
    let mut application = world.people();
    application.authorization.header_prefix = Some("Strange".to_owned());
    world.agree(&application).await;
    let error = fetch(&world.source(&application)).await.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unauthorized);
    assert!(error.said.starts_with("401"), "{error}");
    assert!(error.hint.contains("`tenure authorize crew`"), "{}", error.hint);
    assert_eq!(world.grants().await, ["authorization_code", "refresh_token"]);
    let kept = world.vault.kept();
    for secret in ["access_token", "refresh_token"] {
        assert!(!format!("{error:?}").contains(kept[secret].as_str().unwrap()));
    }
}

#[tokio::test]
async fn oidc_an_expired_or_revoked_refresh_token_needs_authorization_until_somebody_agrees_again() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    for what in ["expire", "revoke"] {
        world.agree(&application).await;
        world.meddle(what, "RefreshToken").await;
        world.time.pass(HOUR);
        let before = world.grants().await.len();
        let source = world.source(&application);
        for _ in 0..2 {
            let error = fetch(&source).await.unwrap_err();
            assert_eq!(error.kind, SourceTrouble::NeedsAuthorization);
            assert_eq!(error.hint, "run `tenure authorize crew`");
            assert!(error.said.starts_with("it needs authorization: "), "{error}");
            assert!(error.said.contains("invalid_grant"), "{error}");
        }
        // It is remembered, and not asked for again and again.
        assert_eq!(world.grants().await[before..], ["refresh_token: invalid_grant"]);
        let state = world.tokens(&application).state().await.unwrap();
        let State::NeedsAuthorization { why, since } = state else {
            panic!("somebody has to agree: {state:?}")
        };
        assert!(why.contains("invalid_grant"), "{why}");
        assert_eq!(since, Some(world.time.now()));
    }
    world.agree(&application).await;
    assert_eq!(fetch(&world.source(&application)).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidc_a_hundred_requests_at_the_end_of_a_token_cause_one_renewal() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    world.agree(&application).await;
    // Two keepers over one vault are two processes over one database.
    let sources = [(); 2].map(|()| Arc::new(world.source(&application)));
    let storm = async || {
        let fetches: Vec<_> = (0..100)
            .map(|at: usize| {
                let source = Arc::clone(&sources[at % 2]);
                tokio::spawn(async move { fetch(&source).await })
            })
            .collect();
        for fetch in fetches {
            assert_eq!(fetch.await.unwrap().unwrap(), 2);
        }
    };
    storm().await;
    world.time.pass(HOUR);
    storm().await;
    assert_eq!(world.grants().await, ["authorization_code", "refresh_token"]);
    // The same when the server refuses the token before its end.
    world.meddle("revoke", "AccessToken").await;
    storm().await;
    assert_eq!(world.grants().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oidc_a_hundred_requests_share_a_renewal_that_fails() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    let tokens = world.agree(&application).await;
    world.meddle("revoke", "RefreshToken").await;
    world.time.pass(HOUR);
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let tokens = Arc::clone(&tokens);
            tokio::spawn(async move { tokens.ready().await })
        })
        .collect();
    for asked in asking {
        let error = asked.await.unwrap().unwrap_err();
        assert_eq!(error.hint, "run `tenure authorize crew`");
    }
    assert_eq!(
        world.grants().await,
        ["authorization_code", "refresh_token: invalid_grant"]
    );
}

#[tokio::test]
async fn oidc_a_renewal_whose_asker_gave_up_is_kept_all_the_same() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    let tokens = world.agree(&application).await;
    world.time.pass(HOUR);
    let asking = tokio::spawn({
        let tokens = Arc::clone(&tokens);
        async move { tokens.ready().await }
    });
    // The first turn was for the token that somebody agreed to.
    while world.vault.turns() < 2 {
        tokio::task::yield_now().await;
    }
    asking.abort();
    assert!(asking.await.unwrap_err().is_cancelled());
    tokens.settled().await;
    let new = world.vault.kept()["access_token"].clone();
    tokens.ready().await.unwrap();
    assert_eq!(world.vault.kept()["access_token"], new);
    assert_eq!(world.grants().await, ["authorization_code", "refresh_token"]);
}
