import java.nio.file.Files;
import java.nio.file.Path;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * An OpenSearch of one node on loopback: {@code java Server.java FOLDER PORT TRANSPORT_PORT [PLUGIN_CLASS [SETTING=VALUE ...]]}; ends
 * with its standard input.
 */
public class Server {
  public static void main(final String[] args) throws Exception {
    final Path base = Path.of(args[0]);
    Files.createDirectories(base.resolve("config"));
    // Without a file of its own the runner brings defaults that are not ours.
    Files.writeString(base.resolve("config/opensearch.yml"), "");
    final OpenSearchRunner runner = new OpenSearchRunner();
    runner.setMaxHttpPort(-1);
    runner.onBuild((number, settings) -> {
      settings.put("http.port", args[1]);
      settings.put("transport.port", args[2]);
      settings.put("network.host", "127.0.0.1");
      settings.put("discovery.type", "single-node");
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
      settings.putList("node.roles", "cluster_manager", "data", "ingest");
      for (int i = 4; i < args.length; i++) {
        final String[] pair = args[i].split("=", 2);
        settings.put(pair[0], pair[1]);
      }
    }).build(configs(args, base));
    while (System.in.read() != -1) { /* until the parent closes it */ }
    runner.close();
    System.exit(0);
  }

  private static OpenSearchRunner.Configs configs(final String[] args, final Path base) {
    final OpenSearchRunner.Configs configs = OpenSearchRunner.newConfigs().clusterName("portlog-test").numOfNode(1).basePath(base.toString());
    return args.length > 3 ? configs.pluginTypes(args[3]) : configs;
  }
}
