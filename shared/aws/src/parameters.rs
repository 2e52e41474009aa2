//! Config as SSM parameters: one for the defaults and one per service, each a file's text.
//!
//! Plain parameters of type String; nothing in them is secret. Names are `/steady/config/defaults` and
//! `/steady/config/<cluster>/<service>`, so that access can be given by path. What the texts mean, and whether they
//! may be written, is decided in the core. Limits are those of the AWS Systems Manager API reference, on the page of
//! each action: a standard parameter holds 4 KB, GetParameters and DeleteParameters take 10 names, GetParametersByPath gives
//! 10 a page. Reads share 40 a second with everything in the account, secrets of starting tasks included: whoever reads many
//! pages asks for them one by one ([`Parameters::page`]), four a second.

use std::time::Duration;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{Parameter, ParameterType};
use steady_core::name::ServiceKey;
use steady_core::port::{ConfigFiles, NamedFile, Page, PortError, ReadAllConfig, ReadConfig};

use crate::error::{port_error, unclear};
use crate::scaling::pages::{self, Pace};

/// Below which the parameters are, unless the installation says otherwise.
pub const PREFIX: &str = "/steady/config";

/// Names in one DeleteParameters, and files of a page.
const PAGE: usize = 10;

/// All files are asked for so fast: four pages a second. A throttled page is asked for again, for about eight seconds.
const ALL: Pace = Pace { pause: Duration::from_millis(250), tries: 6 };

/// The config of one account and region.
#[derive(Debug, Clone)]
pub struct Parameters {
    client: Client,
    prefix: String,
}

/// A file as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The parameter's name below the prefix: `defaults`, `prod/checkout`.
    pub name: String,
    /// The file's text.
    pub text: String,
    /// 1 when it was first written; each write adds one (Parameter in the API reference).
    pub version: u64,
}

impl Parameters {
    /// `prefix` begins with `/`; a `/` at its end is dropped.
    pub(crate) fn new(client: Client, prefix: &str) -> Self {
        Self { client, prefix: prefix.trim_end_matches('/').to_owned() }
    }

    /// Writes a file, new or not, and gives its version. `name` is `defaults` or `prod/checkout`. What is written is an event
    /// too (`Parameter Store Change`), even if the text is as it was: whoever writes many compares first.
    ///
    /// # Errors
    /// [`PortError`]. More than 4 KB is refused by SSM (`ValidationException`). After [`PortError::Unclear`] it may have
    /// been written, perhaps as two versions of the same text.
    pub async fn put(&self, name: &str, text: &str) -> Result<u64, PortError> {
        const CALL: &str = "PutParameter";
        let answer = self
            .client
            .put_parameter()
            .name(self.full_name(name))
            .value(text)
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        u64::try_from(answer.version()).map_err(|_| unclear(CALL, "a version below zero"))
    }

    /// Deletes files, ten a call. Those that are not there are no error.
    ///
    /// # Errors
    /// [`PortError`] of any call; those before it were deleted.
    pub async fn delete(&self, names: &[String]) -> Result<(), PortError> {
        for names in names.chunks(PAGE) {
            let names = names.iter().map(|name| self.full_name(name)).collect();
            let answer = self.client.delete_parameters().set_names(Some(names)).send().await;
            answer.map_err(|error| port_error("DeleteParameters", error))?;
        }
        Ok(())
    }

    /// Everything below the prefix, sorted by name, as fast as SSM answers: for a tree of some dozens of files.
    ///
    /// # Errors
    /// [`PortError`]: of any page. A part of the files is never given as if it were all.
    pub async fn list(&self) -> Result<Vec<StoredFile>, PortError> {
        let (mut files, mut token) = (Vec::new(), None);
        loop {
            let page = self.page(token.as_deref()).await?;
            files.extend(page.items);
            token = page.next;
            if token.is_none() {
                files.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(files);
            }
        }
    }

    /// A page of what is below the prefix, ten files at most, in no order. The first has no token.
    ///
    /// # Errors
    /// [`PortError`].
    pub async fn page(&self, token: Option<&str>) -> Result<Page<StoredFile>, PortError> {
        const CALL: &str = "GetParametersByPath";
        let answer = self
            .client
            .get_parameters_by_path()
            .path(&self.prefix)
            .recursive(true)
            .max_results(i32::try_from(PAGE).unwrap_or(1))
            .set_next_token(token.map(str::to_owned))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        let items = answer
            .parameters()
            .iter()
            .map(|parameter| self.stored_file(parameter))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| unclear(CALL, "a parameter without name, value or version"))?;
        if answer.next_token.as_deref() == token && token.is_some() {
            return Err(unclear(CALL, "a page whose token leads to itself"));
        }
        Ok(Page { items, next: answer.next_token })
    }

    fn stored_file(&self, parameter: &Parameter) -> Option<StoredFile> {
        let name = parameter.name()?.strip_prefix(&self.prefix)?.strip_prefix('/')?;
        Some(StoredFile {
            name: name.to_owned(),
            text: parameter.value()?.to_owned(),
            version: u64::try_from(parameter.version()).ok()?,
        })
    }

    /// The texts of these files, in one GetParameters. A name in `InvalidParameters` is a file that is not there; one
    /// that the answer does not speak of is no file that is not there, but no clear answer.
    async fn files<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Option<String>; N], PortError> {
        const CALL: &str = "GetParameters";
        let names = names.map(|name| self.full_name(name));
        let answer = self
            .client
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|error| port_error(CALL, error))?;
        let mut texts = [const { None }; N];
        for (name, text) in names.iter().zip(&mut texts) {
            let found = answer.parameters().iter().find(|found| found.name() == Some(name));
            *text = found.and_then(|found| found.value()).map(str::to_owned);
            if text.is_none() && !answer.invalid_parameters().contains(name) {
                return Err(unclear(CALL, format!("an answer that does not speak of `{name}`")));
            }
        }
        Ok(texts)
    }

    fn full_name(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
}

impl ReadConfig for Parameters {
    async fn config_files(&self, service: &ServiceKey) -> Result<ConfigFiles, PortError> {
        let [defaults, service] = self.files(["defaults", service.as_str()]).await?;
        Ok(ConfigFiles { defaults, service })
    }

    async fn defaults(&self) -> Result<Option<String>, PortError> {
        let [defaults] = self.files(["defaults"]).await?;
        Ok(defaults)
    }
}

impl ReadAllConfig for Parameters {
    async fn all_config(&self) -> Result<Vec<NamedFile>, PortError> {
        let page = |token: Option<String>| async move { self.page(token.as_deref()).await };
        let files = pages::all(ALL, page).await?;
        let named = |StoredFile { name, text, .. }| NamedFile { name, text };
        Ok(files.into_iter().map(named).collect())
    }
}
