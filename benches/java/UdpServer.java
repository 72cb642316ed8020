// The smallest game server that a container would be launched for: one UDP port, every packet answered.
// Arguments: the port on the loopback address that is told about ours. An empty packet ends it.

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;

public final class UdpServer {
    public static void main(String[] arguments) throws Exception {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        try (DatagramSocket socket = new DatagramSocket(0, loopback)) {
            byte[] ready = {1};
            socket.send(new DatagramPacket(ready, ready.length, loopback, Integer.parseInt(arguments[0])));
            DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
            while (true) {
                packet.setLength(1500);
                socket.receive(packet);
                if (packet.getLength() == 0) {
                    return;
                }
                socket.send(packet);
            }
        }
    }
}
