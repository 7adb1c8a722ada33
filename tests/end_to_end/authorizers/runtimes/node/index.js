// An authorizer whose caller's token says what it answers, and a proxied function that answers with its event.
let count = 0;

exports.handler = async (event, context) => {
  if (!event.methodArn) {
    return { statusCode: 200, body: JSON.stringify({ event, id: context.awsRequestId }) };
  }
  count += 1;
  switch (event.authorizationToken) {
    case "unauthorized":
      throw new Error("Unauthorized");
    case "throw":
      throw new TypeError("private words");
    case "exit":
      process.exit(0);
    case "never":
      return new Promise(() => setInterval(() => {}, 1000));
    case "loop":
      for (;;) {}
    case "nothing":
      return undefined;
  }
  const Effect = event.authorizationToken.startsWith("allow") ? "Allow" : "Deny";
  return {
    principalId: "node",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Effect, Action: "execute-api:Invoke", Resource: event.methodArn }],
    },
    context: { count },
  };
};
