//! A server that starts on the data of another.

use crate::http::Client;

/// NS1: what every cluster has is made once; a second start finds it and changes nothing.
#[test]
fn a_server_starts_again_on_its_data() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let store = stead_store::Store::memory();
        let first = Client::on(store.clone(), 1).await.unwrap();
        let list = |client: Client| async move {
            let services = client.call("GET", "/api/v1/services", None, &[]).await.unwrap().json();
            let namespaces = client.call("GET", "/api/v1/namespaces", None, &[]).await.unwrap().json();
            (services["items"].clone(), namespaces["items"].clone())
        };
        let before = list(first.clone()).await;
        assert_eq!(before.0[0]["spec"]["clusterIP"], "10.43.0.1");
        let second = Client::on(store, 2).await.unwrap();
        assert_eq!(list(second).await, before);
    });
}
