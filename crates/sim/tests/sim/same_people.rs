use serde_json::Value;
use tenure_sim::{
    Atera, AteraOptions, Graph, GraphOptions, HaloItsm, HaloItsmOptions, Population, Remote, RemoteOptions,
    atera::contact_id, haloitsm::user_id,
};

use crate::api::Api;

/// A token of an OAuth endpoint.
async fn token(url: &str, path: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("client_secret", "secret"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let form = if path.starts_with("/auth") {
        &form[..3]
    } else {
        &form[..]
    };
    let granted = Api::new(url.to_owned()).form(path, form).await.expect(200);
    granted["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_vendors_know_the_same_people() {
    let people = Population::generate(60, 5);
    let atera = Atera::start(AteraOptions::new(people.clone(), "secret"))
        .await
        .unwrap();
    let halo = HaloItsm::start(HaloItsmOptions::new(people.clone(), "client", "secret"))
        .await
        .unwrap();
    let remote = Remote::start(RemoteOptions::new(people.clone(), "ra_live_secret"))
        .await
        .unwrap();
    let graph = Graph::start(GraphOptions::new(people.clone(), "tenant", "client", "secret"))
        .await
        .unwrap();
    let halo_token = token(&halo.url(), "/auth/token").await;
    let graph_token = token(&graph.url(), "/tenant/oauth2/v2.0/token").await;
    let in_atera = Api::new(atera.url()).with("x-api-key", "secret");
    let in_halo = Api::new(halo.url()).bearer(&halo_token);
    let in_remote = Api::new(remote.url()).bearer("ra_live_secret");
    let in_graph = Api::new(graph.url()).bearer(&graph_token);
    for person in people.people() {
        let number = person.number();
        let contact = in_atera
            .get(&format!("/api/v3/contacts/{}", contact_id(number)))
            .await;
        let user = in_halo
            .get(&format!("/api/Users/{}?includedetails=true", user_id(number)))
            .await;
        let user = user.get("users").map_or(user.clone(), |users| users[0].clone());
        let employment = in_remote
            .get(&format!("/v1/employments/{}", remote.employment_id(number)))
            .await;
        let employment = &employment["data"]["employment"];
        let select = "id,mail,employeeId,department,accountEnabled,usageLocation";
        let account = in_graph
            .get(&format!("/v1.0/users/{}?$select={select}", person.object_id()))
            .await;
        let mail = Value::from(person.email());
        for shown in [
            &contact["Email"],
            &user["emailaddress"],
            &employment["work_email"],
            &account["mail"],
        ] {
            assert_eq!(*shown, mail);
        }
        assert_eq!(user["azureoid"], account["id"]);
        assert_eq!(
            employment.get("external_id").unwrap_or(&Value::Null),
            &account["employeeId"]
        );
        assert_eq!(contact["DepartmentName"], account["department"]);
        assert_eq!(employment["department"], account["department"]);
        assert_eq!(employment["country"]["alpha_2_code"], account["usageLocation"]);
        assert_eq!(contact["Archived"], user["inactive"]);
        assert_eq!(
            employment["status"] == "active",
            account["accountEnabled"] == true
        );
    }
    let addresses = [atera.url(), halo.url(), remote.url(), graph.url()];
    atera.stop().await.unwrap();
    halo.stop().await.unwrap();
    remote.stop().await.unwrap();
    graph.serve_until(async {}).await.unwrap();
    for address in addresses {
        assert!(
            in_atera.client.get(&address).send().await.is_err(),
            "{address} still answers"
        );
    }
}
