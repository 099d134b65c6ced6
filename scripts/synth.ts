import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { exampleApp } from '../bin/example-app';

/** The example app with cdk-nag's AWS Solutions rules: `npm run synth` fails where one is broken without a reason. */
const app = exampleApp();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
app.synth();
