//! The catalog: every entry is whole, its settings are filled in where they belong, and what it gives is right as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::catalog::ENTRIES;
use super::super::{AuthorizationKind, Choice, ChoiceError, InDoubt, Preset, check, load, presets};
use super::{good, lines, loaded};
use crate::expression::{Condition, Format};

/// A choice with an example for whatever has to be said.
fn choice(preset: &Preset, way: Option<&str>) -> Choice {
    let chosen = way.and_then(|way| preset.ways().iter().find(|known| known.name == way));
    let settings = preset.required(chosen.or(preset.ways().first()));
    let example = |name: &str| preset.settings()[name].example.clone().unwrap();
    Choice {
        settings: settings
            .into_iter()
            .map(|name| (name.to_owned(), example(name)))
            .collect(),
        way: way.map(str::to_owned),
        ..Choice::default()
    }
}

/// Every way of a preset, or none when it has none.
fn ways(preset: &Preset) -> Vec<Option<String>> {
    match preset.ways() {
        [] => vec![None],
        ways => ways.iter().map(|way| Some(way.name.clone())).collect(),
    }
}

#[test]
fn every_entry_says_what_it_is() {
    let names: Vec<_> = Preset::all().map(|preset| preset.name()).collect();
    assert_eq!(names, ENTRIES.map(|(name, _)| name), "an entry cannot be read");
    assert_eq!(
        names,
        [
            "atera",
            "entra-id",
            "file",
            "haloitsm",
            "jumpcloud",
            "remote",
            "rest",
            "scim"
        ]
    );
    assert_eq!(presets().len(), names.len() - 1);
    for preset in Preset::all() {
        let name = preset.name();
        assert!(
            !preset.title().is_empty() && preset.description().ends_with('.'),
            "{name}"
        );
        assert!(!preset.documentation().is_empty(), "{name}");
        assert!(
            preset
                .documentation()
                .iter()
                .all(|link| link.url.starts_with("https://")),
            "{name}"
        );
        for (setting, about) in preset.settings() {
            assert!(
                about.description.ends_with(['.', '?', '…', ')']),
                "{name}, {setting}"
            );
            assert!(
                about.default.is_some() || about.example.is_some(),
                "{name}, {setting}"
            );
        }
        let kinds: BTreeSet<_> = preset
            .ways()
            .iter()
            .map(|way| format!("{:?}", way.kind()))
            .collect();
        assert_eq!(
            kinds.len(),
            preset.ways().len(),
            "{name}: two ways of one kind cannot be told apart"
        );
        assert_eq!(preset.is_application(), !preset.ways().is_empty(), "{name}");
        for way in preset.ways() {
            assert!(way.description.ends_with('.'), "{name}, {}", way.name);
            let application = preset.example(Some(way)).unwrap();
            assert!(
                !application.webhooks.is_empty() && !application.endpoints.is_empty(),
                "{name}"
            );
            let described = application
                .endpoints
                .iter()
                .all(|endpoint| endpoint.description.is_some())
                && application
                    .webhooks
                    .iter()
                    .all(|webhook| webhook.description.is_some());
            assert!(described, "{name}");
        }
        let sample = preset.sample().unwrap();
        assert!(sample.attributes.len() > 3, "{name}");
        assert_ne!(
            sample.lifecycle,
            super::super::LifecycleMapping::default(),
            "{name}"
        );
    }
}

#[test]
fn what_is_ready_is_right_as_it_is_by_every_way() {
    for preset in Preset::all() {
        for way in ways(&preset) {
            let ready = preset.ready(&choice(&preset, way.as_deref())).unwrap();
            let (documents, errors) = load(&[("ready.yaml".to_owned(), ready.text.clone())]);
            let problems = lines(&errors) + &lines(&check(&documents));
            assert_eq!(problems, "", "{} by {way:?}:\n{}", preset.name(), ready.text);
            assert!(documents.data_source(&ready.data_source).is_some());
            let json = documents.to_json();
            assert!(!json.contains("${"), "{}: {json}", preset.name());
            if let Some(name) = &ready.application {
                let application = documents.application(name).unwrap();
                let kind = application.authorization.kind;
                let wanted = preset
                    .ways()
                    .iter()
                    .find(|known| Some(&known.name) == way.as_ref());
                assert_eq!((kind, application.authorization.grant), wanted.unwrap().kind());
                assert_eq!(
                    ready.secrets.is_empty(),
                    !json.contains("secret("),
                    "{}",
                    preset.name()
                );
                assert_eq!(ready.grant.is_some(), kind == AuthorizationKind::Oauth2);
            }
        }
    }
}

/// Every text in a body.
fn texts(body: &serde_json::Value) -> Vec<&str> {
    match body {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(texts).collect(),
        serde_json::Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn webhooks_are_made_of_formats_and_conditions_that_are_right() {
    for preset in Preset::all() {
        let Some(application) = preset.example(preset.ways().first()) else {
            continue;
        };
        for webhook in &application.webhooks {
            let of = format!("{}, {}", preset.name(), webhook.name);
            let fields = webhook.query.values().chain(webhook.headers.values());
            let mut formats: Vec<&str> = fields.map(|field| field.0.as_str()).collect();
            formats.extend(webhook.capture.values().map(String::as_str));
            formats.push(&webhook.url);
            formats.extend(webhook.body.iter().flat_map(texts));
            for format in formats {
                assert!(
                    Format::parse(format).is_ok_and(|format| !format.uses_secret()),
                    "{of}: {format}"
                );
            }
            if let Some(success) = &webhook.success {
                assert!(Condition::parse(success).is_ok(), "{of}: {success}");
            }
            // What creates is not made twice.
            let creates = webhook.name.starts_with("create");
            assert_eq!(creates, creates && webhook.in_doubt == Some(InDoubt::Ask), "{of}");
        }
        let mut names: Vec<_> = application.webhooks.iter().map(|webhook| &webhook.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), application.webhooks.len(), "{}", preset.name());
    }
}

#[test]
fn the_examples_of_the_page_are_in_order() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/catalog.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples: Vec<_> = page
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let (documents, entries): (Vec<&str>, Vec<&str>) =
        examples.into_iter().partition(|text| text.starts_with("kind: "));
    assert_eq!((documents.len(), entries.len()), (3, 1));
    assert_eq!(
        super::checked(&documents.concat().replace("kind: ", "---\nkind: ")),
        ""
    );
    let entry = Preset::read("crew", entries[0]).unwrap();
    let ready = entry.ready(&choice(&entry, None)).unwrap();
    assert_eq!(entry.required(entry.ways().first()), ["tenant"]);
    let application = entry.example(entry.ways().first()).unwrap();
    assert_eq!(
        application.endpoints[0].url,
        "https://northwind.crew.example.com/api/people"
    );
    assert_eq!(
        ready.secrets,
        [("crew".to_owned(), "The secret with the token.".to_owned())]
    );
    for preset in Preset::all() {
        assert!(
            page.contains(&format!("| `{}` | ", preset.name())),
            "{}",
            preset.name()
        );
    }
}

#[test]
fn ready_documents_read_well() {
    let preset = Preset::find("entra-id").unwrap();
    let mut chosen = choice(&preset, Some("authorization_code"));
    chosen.name = Some("northwind".to_owned());
    let ready = preset.ready(&chosen).unwrap();
    insta::assert_snapshot!(ready.text, @r#"
    # Microsoft Entra ID from the catalog; `tenure catalog show entra-id` says what it has.
    kind: application
    name: northwind
    preset: entra-id
    settings:
      client_id: 00001111-aaaa-2222-bbbb-3333cccc4444
      secret: northwind
      tenant: northwind.onmicrosoft.com
    authorization: { type: oauth2, grant: authorization_code }
    ---
    # A sample: adapt what each attribute is made of.
    kind: data_source
    name: northwind-people
    application: northwind
    description: Every user in Entra ID who is no guest.
    endpoints: [{ endpoint: users, primary_key: id }]
    attributes:
      employeeID: employeeId
      givenName: givenName
      sn: "{{ surname | default(givenName) }}"
      displayName: displayName
      mail: { from: mail, write: keep_if_source_empty }
      title: jobTitle
      department: department
      company: companyName
      employeeType: employeeType
      physicalDeliveryOfficeName: officeLocation
      l: city
      co: country
      telephoneNumber: "{{ businessPhones | first }}"
      mobile: mobilePhone
    lifecycle:
      active: "accountEnabled and userType != 'Guest'"
      starts: employeeHireDate
      ends: employeeLeaveDateTime
    "#);
    assert_eq!(ready.secrets[0].0, "northwind");
}

#[test]
fn an_address_of_this_machine_may_be_called_when_it_is_named() {
    let preset = Preset::find("jumpcloud").unwrap();
    let with = |url: &str| {
        let settings = BTreeMap::from([("url".to_owned(), url.to_owned())]);
        preset
            .ready(&Choice {
                settings,
                ..Choice::default()
            })
            .unwrap()
            .text
    };
    assert!(with("http://127.0.0.1:8077/").contains("private_addresses: allowed\n"));
    assert!(with("https://10.1.2.3").contains("private_addresses: allowed\n"));
    assert!(!with("https://console.eu.jumpcloud.com").contains("private_addresses"));
}

#[test]
fn choices_that_cannot_be_say_what_could() {
    let halo = Preset::find("haloitsm").unwrap();
    let said = |choice: &Choice| halo.ready(choice).unwrap_err().to_string();
    let settings = BTreeMap::from([
        ("tennant".to_owned(), "x".to_owned()),
        ("client_id".to_owned(), "a\nb".to_owned()),
        ("url".to_owned(), "ftp://x".to_owned()),
    ]);
    insta::assert_snapshot!(said(&Choice { settings, ..Choice::default() }), @r"
    found `a\nb` as `client_id`; write a text of one line, for example `0f8fad5b-d9cb-469f-a165-70867728950e`
    found `tennant`, which is no setting of this preset; did you mean `tenant`?
    found `ftp://x` as `url`; write an address that begins with `https://`
    ");
    insta::assert_snapshot!(said(&Choice::default()), @r"
    there is no `client_id`; add `--set client_id=0f8fad5b-d9cb-469f-a165-70867728950e`: the Client ID of the application (Configuration, Integrations, HaloITSM API, View Applications)
    there is no `tenant`; add `--set tenant=northwind`: the first part of the address of your HaloITSM: `northwind` of https://northwind.haloitsm.com
    ");
    let way = Choice {
        way: Some("client_credential".to_owned()),
        ..choice(&halo, None)
    };
    insta::assert_snapshot!(said(&way), @r"
    `client_credential` is no way to authorize `haloitsm`; did you mean `client_credentials`?
    ");
    let name = Choice {
        name: Some(" a".to_owned()),
        ..choice(&halo, None)
    };
    assert!(matches!(halo.ready(&name), Err(ChoiceError::Name(_))));
    let file = Preset::find("file").unwrap();
    let way = Choice {
        way: Some("token".to_owned()),
        ..choice(&file, None)
    };
    insta::assert_snapshot!(file.ready(&way).unwrap_err().to_string(), @r"
    `token` is no way to authorize `file`; leave it out; there is nothing to authorize
    ");
}

#[test]
fn settings_fill_an_application_and_are_told_when_they_do_not() {
    let documents = good(
        "kind: application\nname: halo\npreset: haloitsm\nsettings: { tenant: northwind, client_id: c, calls_per_minute: 30 }\n\
         authorization: { grant: client_credentials }\n",
    );
    let application = documents.application("halo").unwrap();
    assert_eq!(
        application.endpoints[0].url,
        "https://northwind.haloitsm.com/api/Users"
    );
    assert_eq!(application.limits.calls_per_minute, Some(30));
    let authorization = &application.authorization;
    assert_eq!(
        authorization.token_url.as_deref(),
        Some("https://northwind.haloitsm.com/auth/token")
    );
    assert_eq!(
        authorization.client_secret.as_deref(),
        Some("{{ secret('haloitsm') }}")
    );
    let with_tenant = good(
        "kind: application\nname: halo\npreset: haloitsm\nsettings: { tenant: a, client_id: c, auth_tenant: t }\n",
    );
    let authorization = &with_tenant.application("halo").unwrap().authorization;
    assert_eq!(
        authorization.token_url.as_deref(),
        Some("https://a.haloitsm.com/auth/token?tenant=t")
    );
    assert_eq!(authorization.authorization_parameters["tenant"].0, "t");
    let create = application
        .webhooks
        .iter()
        .find(|webhook| webhook.name == "create-user")
        .unwrap();
    assert!(!create.body.as_ref().unwrap().to_string().contains("site_id"));

    let problems = |text: &str| lines(&loaded(text).1);
    insta::assert_snapshot!(
        problems("kind: application\nname: a\npreset: haloitsm\n"), @r"
    error: test.yaml:3:9: application `a`, settings: found no setting `client_id`; add `settings: { client_id: 0f8fad5b-d9cb-469f-a165-70867728950e }`: the Client ID of the application (Configuration, Integrations, HaloITSM API, View Applications)
    error: test.yaml:3:9: application `a`, settings: found no setting `tenant`; add `settings: { tenant: northwind }`: the first part of the address of your HaloITSM: `northwind` of https://northwind.haloitsm.com
    ");
    insta::assert_snapshot!(
        problems("kind: application\nname: a\npreset: haloitsm\nsettings:\n  tenant: north wind\n  clientid: x\n  client_id:\n"), @r"
    error: test.yaml:5:3: application `a`, settings: found no setting `client_id`; add `settings: { client_id: 0f8fad5b-d9cb-469f-a165-70867728950e }`: the Client ID of the application (Configuration, Integrations, HaloITSM API, View Applications)
    error: test.yaml:5:11: application `a`, settings.tenant: found `north wind` as `tenant`; write letters, digits, hyphens and points, for example `northwind`
    error: test.yaml:6:13: application `a`, settings.clientid: found `clientid`, which is no setting of this preset; did you mean `client_id`?
    ");
    insta::assert_snapshot!(
        problems("kind: application\nname: a\nsettings: { tenant: b }\nendpoints: []\n"), @r"
    error: test.yaml:3:11: application `a`, settings: found `settings` without `preset`; name the preset that they are of, or leave them out
    ");
    insta::assert_snapshot!(
        problems("kind: application\nname: a\npreset: jumpcloud\nsettings: [a]\n"), @r"
    error: test.yaml:4:11: application `a`, settings: found settings that are no mapping; write lines of `name: value`
    ");
    insta::assert_snapshot!(problems("kind: application\nname: a\npreset: file\n"), @r"
    error: test.yaml:3:9: application `a`, preset: found `file`, which is a file and no application; write `atera`, `entra-id`, `haloitsm`, `jumpcloud`, `remote`, `rest` or `scim`
    ");
}

#[test]
fn another_kind_of_authorization_takes_the_place_of_the_presets() {
    let of = |authorization: &str| {
        let text = format!("kind: application\nname: a\npreset: atera\nauthorization: {authorization}\n");
        good(&text).application("a").unwrap().authorization.clone()
    };
    assert_eq!(of("{ type: api_key }").key.as_deref(), Some("X-API-KEY"));
    assert_eq!(
        of("{ type: bearer }").value.as_deref(),
        Some("{{ secret('atera') }}")
    );
    let own = of("{ type: basic, user: a, password: \"{{ secret('b') }}\" }");
    assert_eq!((own.user.as_deref(), own.value), (Some("a"), None));
}
