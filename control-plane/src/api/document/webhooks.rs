//! What owners of games are sent: the document's webhooks, one for each kind of message.

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

use super::examples;
use crate::model::{EventKind, WebhookKind};
use crate::webhooks::WebhookMessage;

/// Headers that sign a message, and what each says.
const HEADERS: [(&str, &str, &str); 3] = [
    ("webhook-id", "The same however often the message is sent.", "msg_5f1c0ad2b6e94c1d5f1c0ad2b6e94c1d"),
    ("webhook-timestamp", "When it is sent, seconds since 1970.", "1795168800"),
    (
        "webhook-signature",
        "`v1,` and the base64 of an HMAC-SHA256 over id, timestamp and body, one for each secret, with spaces between.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
];

/// All of them; `components` has the schema of a message.
pub(super) fn all(components: &Value) -> Paths {
    let kinds = WebhookKind::EVENTS.into_iter().chain([WebhookKind::Ping]);
    kinds.fold(PathsBuilder::new(), |paths, kind| paths.path(kind.as_str(), item(kind, components))).build()
}

fn item(kind: WebhookKind, components: &Value) -> PathItem {
    let schema = Ref::from_schema_name(WebhookMessage::name());
    let example = examples::of(&serde_json::to_value(&schema).unwrap_or_default(), components).ok();
    let content = ContentBuilder::new().schema(Some(schema)).example(example.map(|example| of_kind(example, kind)));
    let body = RequestBodyBuilder::new()
        .description(Some("What happened."))
        .content("application/json", content.build())
        .required(Some(Required::True));
    let taken = ResponseBuilder::new().description("Any status from 200 to 299: it is taken, and is not sent again.");
    let meaning = kind.event().map_or("Its owner wants to see whether the webhook answers.", EventKind::meaning);
    let operation = OperationBuilder::new()
        .tag("webhooks")
        .operation_id(Some(format!("on_{}", kind.as_str().replace(['.', '-'], "_"))))
        .summary(Some(format!("{} is told", kind.as_str())))
        .description(Some(format!("{meaning} What is not taken within 15 seconds is sent again.")))
        .request_body(Some(body.build()))
        .response("2XX", taken.build());
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let operation = HEADERS.into_iter().fold(operation, |operation, (name, meaning, example)| {
        let header = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(meaning))
            .schema(Some(text()))
            .example(Some(Value::from(example)));
        operation.parameter(header)
    });
    PathItem::new(HttpMethod::Post, operation)
}

/// The example of any message as one of this kind: without what only others have.
fn of_kind(mut example: Value, kind: WebhookKind) -> Value {
    example["type"] = kind.as_str().into();
    let ping = kind == WebhookKind::Ping;
    if let Some(data) = example["data"].as_object_mut() {
        data.retain(|field, _| match field.as_str() {
            "game" => true,
            "webhook" => ping,
            "results" => kind == WebhookKind::MatchEnded,
            "name" => kind == WebhookKind::GameReport,
            "match" | "host" => !ping && kind != WebhookKind::VersionQuarantined,
            "details" => matches!(kind, WebhookKind::MatchEnded),
            _ => !ping,
        });
    }
    example
}
