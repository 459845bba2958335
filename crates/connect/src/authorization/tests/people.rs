//! Coming by a token: the client's own credentials, and somebody who signs in and agrees.

use serde_json::json;
use tenure_core::seams::SourceTrouble;
use tenure_lab::Browser;
use url::Url;

use super::super::{Answer, Callback, NotAuthorized, State};
use super::{World, fetch};

#[tokio::test]
async fn oidc_client_credentials_go_into_the_header_or_the_body() {
    let Some(world) = World::start() else { return };
    for (client, place, prefix) in [("machine", "header", "Bearer"), ("machine-body", "body", "Lab")] {
        let application = world.application(&json!({
            "grant": "client_credentials", "client_id": client, "client_secret": "{{ secret('machine') }}",
            "client_authentication": place, "header_prefix": prefix,
            "token_headers": { "X-Lab": "{{ 'a' | upper }}" }, "token_parameters": { "tenant": "north & south" }
        }));
        assert_eq!(fetch(&world.source(&application)).await.unwrap(), 2);
        let request = world.requests().await.pop().unwrap();
        let expected = json!({
            "grant": "client_credentials", "client": client, "credentials": place, "header": "A",
            "tenant": "north & south"
        });
        assert_eq!(request, expected);
    }
    assert_eq!(world.requests().await.len(), 2);
}

#[tokio::test]
async fn oidc_a_token_that_is_kept_is_used_by_the_next_run() {
    let Some(world) = World::start() else { return };
    let application = world.application(&json!({
        "grant": "client_credentials", "client_id": "machine", "client_secret": "{{ secret('machine') }}"
    }));
    for _ in 0..3 {
        assert_eq!(fetch(&world.source(&application)).await.unwrap(), 2);
    }
    assert_eq!(world.grants().await, ["client_credentials"]);
    let until = "2027-01-15T09:00:00Z".parse().unwrap();
    let state = world.tokens(&application).state().await.unwrap();
    assert_eq!(state, State::Authorized { until: Some(until) });
    // Another scope wants another token.
    let mut other = application.clone();
    other.authorization.scope = vec!["openid".to_owned()];
    world.tokens(&other).ready().await.unwrap();
    assert_eq!(world.grants().await.len(), 2);
    // A secret that is not right is told from one that is, and not shown.
    other.authorization.client_secret = Some("mach1ne-s3cret/wr&ng".to_owned());
    other.authorization.scope.clear();
    let error = world.tokens(&other).ready().await.unwrap_err();
    assert_eq!(error.kind, SourceTrouble::Unauthorized);
    assert!(
        error.said.starts_with("invalid_client") && error.hint.contains("`client_secret`"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn oidc_somebody_agrees_and_the_browser_comes_back_to_the_callback() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    let tokens = world.tokens(&application);
    let error = fetch(&world.source(&application)).await.unwrap_err();
    assert_eq!(
        (error.kind, error.to_string().as_str(), error.hint.as_str()),
        (
            SourceTrouble::NeedsAuthorization,
            "authorizing the application `crew`: it needs authorization: nobody has agreed yet",
            "run `tenure authorize crew`"
        )
    );
    let authorizing = tokens.begin().await.unwrap();
    let page: std::collections::HashMap<_, _> = authorizing.url().query_pairs().into_owned().collect();
    assert_eq!(
        (page["code_challenge_method"].as_str(), page["scope"].as_str()),
        ("S256", "people")
    );
    let callback = Callback::listen(authorizing.redirect_url()).await.unwrap();
    let browser = Browser::new().unwrap();
    let visit = async {
        let end = browser.sign_in(authorizing.url(), &world.redirect).await.unwrap();
        // What is no answer to this request is turned away, and does not end the waiting.
        let foreign = |with: &str| Url::parse(&format!("{}{with}", world.redirect)).unwrap();
        assert_eq!(
            browser
                .look(&foreign("?code=stolen&state=guessed"))
                .await
                .unwrap()
                .0,
            400
        );
        assert_eq!(
            browser.look(&foreign("?error=access_denied")).await.unwrap().0,
            400
        );
        assert_eq!(browser.look(&foreign("/elsewhere")).await.unwrap().0, 404);
        browser.look(&end).await.unwrap()
    };
    let (finished, (status, text)) = tokio::join!(callback.finish(&authorizing), visit);
    finished.unwrap();
    assert_eq!(
        (status, text.contains("Tenure is authorized")),
        (200, true),
        "{text}"
    );
    assert_eq!(fetch(&world.source(&application)).await.unwrap(), 2);
    assert_eq!(world.grants().await, ["authorization_code"]);
    assert!(world.vault.kept()["refresh_token"].is_string());
}

#[tokio::test]
async fn oidc_code_clients_may_use_the_body_or_have_no_secret() {
    let Some(world) = World::start() else { return };
    let secret = json!("{{ secret('people') }}");
    for (client, secret, credentials) in [
        ("people-body", Some(secret), "body"),
        ("people-public", None, "none"),
    ] {
        let mut fields = json!({
            "grant": "authorization_code", "client_id": client, "client_authentication": "body",
            "scope": ["people", "offline_access"],
            "authorization_parameters": { "prompt": "consent" }
        });
        if let Some(secret) = secret {
            fields["client_secret"] = secret;
        }
        world.agree(&world.application(&fields)).await;
        let request = world.requests().await.pop().unwrap();
        assert_eq!(
            (&request["client"], &request["credentials"]),
            (&json!(client), &json!(credentials))
        );
        assert_eq!(request["error"], json!(null));
    }
}

#[tokio::test]
async fn oidc_codes_that_are_refused_stolen_or_for_another_verifier_give_no_token() {
    let Some(world) = World::start() else { return };
    let application = world.people();
    let tokens = world.tokens(&application);
    let (one, other) = (tokens.begin().await.unwrap(), tokens.begin().await.unwrap());
    let browser = Browser::new().unwrap();
    let end = browser.sign_in(one.url(), &world.redirect).await.unwrap();
    let error = other.finish(&Answer::read(&end)).await.unwrap_err();
    assert!(matches!(error, NotAuthorized::Foreign), "{error}");
    // The code of one request with the state of the other: PKCE keeps it from being used.
    let code = end.query_pairs().find(|(name, _)| name == "code").unwrap().1;
    let state = other
        .url()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let mixed =
        Url::parse_with_params(&world.redirect, [("code", code.as_ref()), ("state", &state)]).unwrap();
    let error = other.finish(&Answer::read(&mixed)).await.unwrap_err();
    let error = other.in_words(error);
    assert!(
        error.said.starts_with("the code was not accepted: invalid_grant"),
        "{error}"
    );
    let shown = format!("{error:?} {other:?} {:?}", Answer::read(&mixed));
    assert!(
        !shown.contains(code.as_ref()) && !shown.contains(&state),
        "{shown}"
    );
    let pairs = [
        ("error", "access_denied"),
        ("error_description", "not today"),
        ("state", &state),
    ];
    let denied = Url::parse_with_params(&world.redirect, pairs).unwrap();
    let error = other.finish(&Answer::read(&denied)).await.unwrap_err();
    assert_eq!(error.to_string(), "it was refused: access_denied: not today");
    assert_eq!(world.vault.kept(), json!(null));
    assert_eq!(world.grants().await, ["authorization_code: invalid_grant"]);
}
