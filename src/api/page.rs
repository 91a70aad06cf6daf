//! The page at `/` and its parts under `/web/`: the files of the folder `web`, as they stand.
//!
//! The page holds no inline script and no inline style, asks nobody but this server, and what its
//! policy does not name is refused by the browser. All that it shows comes from the API, for which
//! a person signs in; the files themselves are public.

use axum::extract::Path;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use super::problem::{self, Problem};

/// Scripts and styles are files of this server; scripts cannot be made out of text, whatever that
/// text is.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'",
);

#[derive(Embed)]
#[folder = "web/"]
struct Web;

pub async fn index() -> Result<Response, Problem> {
    let page = Web::get("index.html")
        .ok_or_else(|| Problem::internal("the page is not part of this build"))?;
    let headers = [
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    Ok((headers, page.data).into_response())
}

/// A file that the page is made of. What only its authors need is not served.
pub async fn file(Path(path): Path<String>) -> Result<Response, Problem> {
    let kind = match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => return Err(problem::no_such_route().await),
    };
    let Some(file) = Web::get(&path) else {
        return Err(problem::no_such_route().await);
    };
    Ok(([(CONTENT_TYPE, kind)], file.data).into_response())
}
