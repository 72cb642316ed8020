//! The API's document (OpenAPI 3.1), made from the endpoints themselves and checked in as `openapi.json`.

mod examples;
mod webhooks;

use axum::response::{IntoResponse, Response};
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr};
use utoipa::{OpenApi as _, ToSchema};

use crate::http::{Kind, Problem, ProblemBody};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stadion",
        description = "Sign in, publish games, play them. Errors are problems (RFC 9457) of type \
            `application/problem+json`; their `code` says which. Lists are read page by page with `cursor`. Every answer \
            carries `x-request-id`.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    components(schemas(ProblemBody, crate::lobby::PlayerEvent, crate::webhooks::WebhookMessage)),
    tags(
        (name = "accounts", description = "Who plays: guests and accounts, tokens."),
        (name = "games", description = "Games and their versions."),
        (name = "play", description = "A seat in a match, and what it takes to claim it."),
        (name = "parties", description = "Players who search together, and how they come together."),
        (name = "queues", description = "Finding a match among one's like; ratings and leaderboards."),
        (name = "friends", description = "Friends, and players whom one does not want to meet."),
        (name = "webhooks", description = "Telling the owner of a game what happens in it, over HTTP."),
        (name = "events", description = "What players are told."),
        (name = "matches", description = "Matches that run and that are over."),
        (name = "storage", description = "Documents that games keep, of their players and of their own."),
        (name = "reports", description = "Players who are reported by others."),
        (name = "system", description = "For operators and other programs."),
    )
)]
struct Head;

const PROBLEM_TYPE: &str = "application/problem+json";

fn document() -> OpenApi {
    let mut api = Head::openapi();
    api.merge(super::endpoints().into_openapi());
    if let Some(components) = &mut api.components {
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token, or a developer key `dev-..`."))
            .build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
    let components = serde_json::to_value(&api.components).unwrap_or_default();
    for item in api.paths.paths.values_mut() {
        if let Some(put) = &mut item.put {
            // A PUT beside a POST is the same handler; ids of operations must differ.
            if item.post.is_some() {
                put.operation_id = put.operation_id.take().map(|id| format!("{id}_put"));
            }
        }
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        operations.into_iter().flatten().for_each(|operation| complete(operation, &components));
    }
    api.webhooks = Some(webhooks::all(&components));
    api
}

/// Says of an operation what holds for all of them.
fn complete(operation: &mut Operation, components: &Value) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        body.content.iter_mut().for_each(describe_bytes);
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        response.content.iter_mut().for_each(describe_bytes);
        if status.starts_with(['4', '5']) {
            describe_problem(status, response);
        } else {
            response.content.iter_mut().for_each(|content| exemplify(content, components));
        }
    }
}

/// Bytes are a binary string, not a list of numbers, and never none at all.
fn describe_bytes((media_type, content): (&String, &mut RefOr<Content>)) {
    if let RefOr::T(content) = content
        && ["application/wasm", "application/octet-stream", "application/x-tar"].contains(&media_type.as_str())
    {
        let format = Some(SchemaFormat::KnownFormat(KnownFormat::Binary));
        let bytes = ObjectBuilder::new().schema_type(Type::String).format(format).min_length(Some(1));
        content.schema = Some(bytes.into());
    }
}

/// What comes back if all goes well: from the examples of its schema's parts, unless the endpoint gives one of its own.
fn exemplify((media_type, content): (&String, &mut RefOr<Content>), components: &Value) {
    let RefOr::T(content) = content else { return };
    if content.example.is_some() || !content.examples.is_empty() {
        return;
    }
    content.example = match media_type.as_str() {
        "application/json" => {
            let schema = serde_json::to_value(&content.schema).unwrap_or_default();
            examples::of(&schema, components).ok()
        }
        "text/event-stream" => {
            Some(json!("retry: 1000\n\nid: 12\nevent: match-ready\ndata: {\"kind\":\"match-ready\"}\n\n"))
        }
        // Bytes.
        _ => None,
    };
}

/// Endpoints name the statuses and when they come; that each is a problem is said here, once.
fn describe_problem(status: &str, response: &mut utoipa::openapi::Response) {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.parts().0.as_str() == status);
    let kind = kinds.into_iter().next().unwrap_or(Kind::BadRequest);
    let example = Problem::new(kind, response.description.clone()).body("5f1c0ad2b6e94c1d");
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(ProblemBody::name())))
        .example(serde_json::to_value(example).ok())
        .build();
    response.content.insert(PROBLEM_TYPE.to_owned(), RefOr::T(content));
}

/// The document as it is served and checked in.
pub(super) fn json() -> String {
    let mut text = document().to_pretty_json().expect("the document is plain JSON");
    text.push('\n');
    text
}

pub(super) fn answer(document: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE=1 cargo test -p stadion-control-plane the_checked_in_document` writes it.
    #[test]
    fn the_checked_in_document_is_the_present_one() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, json()).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == json(), "openapi.json is out of date; run this test with UPDATE=1 and commit it");
    }

    /// A list goes on page by page, or is short by nature and says how long it may be.
    #[test]
    fn every_list_has_pages_or_a_bound() {
        let document: serde_json::Value = serde_json::from_str(&json()).unwrap();
        let mut lists = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            let schema = &item["get"]["responses"]["200"]["content"]["application/json"]["schema"];
            let Some(name) = schema["$ref"].as_str().and_then(|of| of.rsplit('/').next()) else { continue };
            let properties = &document["components"]["schemas"][name]["properties"];
            let Some(items) = properties.get("items") else { continue };
            lists += 1;
            if properties.get("next_cursor").is_none() {
                assert!(items["description"].as_str().is_some_and(|text| text.contains("at most")), "{path}");
                continue;
            }
            let parameters = item["get"]["parameters"].as_array().unwrap();
            let parameter = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name);
            assert!(parameter("cursor").is_some(), "{path}");
            assert_eq!(parameter("limit").unwrap()["schema"]["maximum"], 200, "{path}");
        }
        assert!(lists > 10, "{lists}");
    }

    #[test]
    fn every_operation_says_what_can_go_wrong_and_has_examples() {
        let document: serde_json::Value = serde_json::from_str(&json()).unwrap();
        let mut ids = std::collections::BTreeSet::new();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
                for (status, response) in responses {
                    assert_ne!(response["description"], "", "{method} {path} {status}");
                    if status.starts_with('4') {
                        let example = &response["content"][PROBLEM_TYPE]["example"];
                        assert_eq!(example["status"].to_string(), *status, "{method} {path}");
                    }
                }
                assert!(!operation["tags"].is_null(), "{method} {path}");
                assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}");
            }
        }
    }

    /// The operations of the document: method, path, and what is said of it.
    fn operations(document: &Value) -> Vec<(String, &Value)> {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                operations.push((format!("{method} {path}"), operation));
            }
        }
        operations
    }

    #[test]
    fn every_operation_is_described_and_shows_what_it_answers() {
        let document: Value = serde_json::from_str(&json()).unwrap();
        let mut faults = Vec::new();
        for (name, operation) in operations(&document) {
            for text in ["summary", "description"] {
                if operation[text].as_str().is_none_or(str::is_empty) {
                    faults
                        .push(format!("{name}: no {text}: its handler's comment has a first line, and more below it"));
                }
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                    let bytes = content["schema"]["format"] == "binary";
                    if !bytes && content["example"].is_null() {
                        let schema = &content["schema"];
                        let part = examples::of(schema, &document["components"]).err().unwrap_or_default();
                        faults.push(format!("{name}: {status} {media_type}: no example: {part} gives none"));
                    }
                }
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn every_message_of_webhooks_is_described_and_shown() {
        let document: Value = serde_json::from_str(&json()).unwrap();
        let webhooks = document["webhooks"].as_object().unwrap();
        let kinds = crate::model::WebhookKind::EVENTS.map(crate::model::WebhookKind::as_str);
        assert!(kinds.iter().all(|kind| webhooks.contains_key(*kind)) && webhooks.contains_key("ping"));
        for (kind, item) in webhooks {
            let content = &item["post"]["requestBody"]["content"]["application/json"];
            assert_eq!(content["example"]["type"], *kind, "{kind}: {content}");
            assert_eq!(content["schema"]["$ref"], "#/components/schemas/WebhookMessage");
        }
        let ended = &webhooks["match.ended"]["post"]["requestBody"]["content"]["application/json"]["example"];
        assert!(ended["data"]["results"]["data"].is_string(), "{ended}");
        let of_matches = &document["components"]["schemas"]["MatchBody"]["properties"]["results"];
        let of_messages = &document["components"]["schemas"]["WebhookMessageData"]["properties"]["results"];
        let same = |results: &Value| results.to_string().contains("#/components/schemas/ResultsBody");
        assert!(same(of_matches) && same(of_messages), "the same words: {of_matches} {of_messages}");
    }

    #[test]
    fn every_operation_names_the_errors_that_its_kind_has() {
        let document: Value = serde_json::from_str(&json()).unwrap();
        let mut faults = Vec::new();
        for (name, operation) in operations(&document) {
            let responses = operation["responses"].as_object().unwrap();
            let mut wanted = Vec::new();
            if operation["security"].is_array() {
                wanted.push("401");
            }
            if !operation["requestBody"].is_null() {
                wanted.extend(["400", "413"]);
            }
            if operation["requestBody"]["content"]["application/json"].is_object() {
                wanted.extend(["415", "422"]);
            }
            faults.extend(
                wanted
                    .into_iter()
                    .filter(|status| !responses.contains_key(*status))
                    .map(|status| format!("{name}: {status}")),
            );
            let of_path = ["400", "404", "422"];
            if name.contains('{') && !of_path.iter().any(|status| responses.contains_key(*status)) {
                faults.push(format!("{name}: what if there is no such thing?"));
            }
            // What is answered from the configuration alone.
            let cannot_fail = name == "get /v1/oidc";
            if name.contains("/v1/") && !cannot_fail && !responses.keys().any(|status| status.starts_with(['4', '5'])) {
                faults.push(format!("{name}: nothing can go wrong?"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
