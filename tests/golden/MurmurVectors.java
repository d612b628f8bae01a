// Prints tests/golden/murmur2.tsv from Kafka's own Java client, so that mnemo's partitions are shown to be the client's:
//
//   mvn dependency:copy -Dartifact=org.apache.kafka:kafka-clients:4.1.1 -DoutputDirectory=libs
//   mvn dependency:copy -Dartifact=org.slf4j:slf4j-api:1.7.36 -DoutputDirectory=libs
//   java -cp 'libs/*' tests/golden/MurmurVectors.java > tests/golden/murmur2.tsv
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Utils;

public class MurmurVectors {
  private static final String[] TEXTS = {
    "", "a", "ab", "abc", "abcd", "abcde", "\u0000", "\u001f", "default\u001fassistant", "locomo\u001fconv-26",
    "namespace\u001fagent", "é", "ß", "日本", "東京\u001fエージェント", "мир\u001fпомощник", "🙂", "🙂\u001f👩‍🚀", "\uffff",
    "tenant-7\u001fagent with spaces", "x".repeat(128) + "\u001f" + "y".repeat(256),
  };

  public static void main(String[] args) {
    List<byte[]> keys = new ArrayList<>();
    for (String text : TEXTS) keys.add(text.getBytes(StandardCharsets.UTF_8));
    for (int b : new int[] {0x00, 0x7f, 0x80, 0xff}) {
      for (int length = 1; length <= 4; length++) {
        byte[] key = new byte[length];
        java.util.Arrays.fill(key, (byte) b);
        keys.add(key);
      }
    }
    Random random = new Random(2023);
    for (int i = 0; i < 200; i++) {
      byte[] key = new byte[random.nextInt(64)];
      random.nextBytes(key);
      keys.add(key);
    }
    System.out.println("# Kafka's Java client " + AppInfoParser.getVersion() + ": key in hexadecimal, murmur2,"
        + " partition of 1, of 8, of 1000");
    for (byte[] key : keys) {
      System.out.println(HexFormat.of().formatHex(key) + "\t" + Integer.toUnsignedString(Utils.murmur2(key)) + "\t"
          + BuiltInPartitioner.partitionForKey(key, 1) + "\t" + BuiltInPartitioner.partitionForKey(key, 8) + "\t"
          + BuiltInPartitioner.partitionForKey(key, 1000));
    }
  }
}
