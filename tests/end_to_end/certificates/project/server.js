// A server that lets in one SPIFFE id and nobody else; what it answers names who it has let in.
const fs = require("fs");
const https = require("https");

const options = {
  ca: fs.readFileSync(process.env.CA_FILE),
  cert: fs.readFileSync(process.env.CERTIFICATE_FILE),
  key: fs.readFileSync(process.env.PRIVATE_KEY_FILE),
  requestCert: true,
  rejectUnauthorized: true,
};
const server = https.createServer(options, (request, response) => {
  const certificate = request.socket.getPeerCertificate();
  const names = (certificate.subjectaltname || "").split(", ");
  const known = names.includes(`URI:${process.env.GATEWAY}`);
  response.writeHead(known ? 200 : 403, { "content-type": "text/plain" });
  response.end(`${names} ${certificate.serialNumber}`);
});
server.listen(Number(process.argv[2]), "127.0.0.1");
process.on("SIGTERM", () => server.close(() => process.exit(0)));
