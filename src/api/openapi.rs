//! The description of the API, generated from the handlers and their types.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::Api;
use super::problem::{ProblemBody, codes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "DevOps Commander",
        description = "One sentence becomes a checked plan, an approved deploy, a watched release, and a rollback when it turns out bad.\n\nErrors are application/problem+json with a stable code. Streams are server-sent events: a comment every 15 s keeps them open, and a client resumes by Last-Event-ID.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    modifiers(&Access, &Codes),
    security(("token" = []), ("session" = []), ("session" = [], "csrf" = [])),
)]
pub struct Head;

struct Access;

impl utoipa::Modify for Access {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A person's token: all that the person may do."))
            .build();
        let session = ApiKeyValue::with_description(
            "commander_{instance}",
            "The cookie of a session: it reads.",
        );
        let csrf = ApiKeyValue::with_description(
            "X-Commander-Csrf",
            "The value from the sign-in: with it, a session also changes.",
        );
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [
            ("token", SecurityScheme::Http(token)),
            ("session", SecurityScheme::ApiKey(ApiKey::Cookie(session))),
            ("csrf", SecurityScheme::ApiKey(ApiKey::Header(csrf))),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// Says with which status each code comes.
struct Codes;

impl utoipa::Modify for Codes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let rows = codes().into_iter().map(|(status, code)| {
            // A code is written as its name, which JSON always has a form for.
            let code = serde_json::to_string(&code).expect("a name");
            format!("\n| {} | {} |", status.as_u16(), code.replace('"', "`"))
        });
        let mut rows: Vec<String> = rows.collect();
        // `not_found` is a route or a thing.
        rows.dedup();
        let table = rows.concat();
        let text = document.info.description.get_or_insert_default();
        text.push_str("\n\n| status | code |\n|---|---|");
        text.push_str(&table);
    }
}

pub async fn serve(State(api): State<Arc<Api>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], api.openapi.clone())
}
